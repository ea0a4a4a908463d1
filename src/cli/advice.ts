import type { ErrorCode } from "../model/errors.ts";

/** What to do about an error, where there is more to say than the error does. */
export const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthorized: "Set CAIRN_API_KEY to a key of this service; `cairn keys create` makes one.",
  forbidden: "Use a key with that scope; `cairn keys create --scopes read,write,admin` makes one with all.",
  not_found:
    "`cairn list` shows the pipelines there are, `cairn checkpoints PIPELINE` the checkpoints of one.",
  lease_held:
    "`cairn show PIPELINE` says who holds it, and until when. Wait, give --fence if it is yours, or take it away with --force where the command knows it.",
  fence_lost: "Another has taken the lease since: `cairn resume` takes it anew, from the newest state.",
  unrecoverable:
    "`cairn checkpoints PIPELINE` lists what there is, `cairn verify PIPELINE` says what is damaged.",
  pipeline_deleted: "Choose another id: one that was deleted is not written to by mistake.",
  precondition_failed:
    "It was changed, or made, meanwhile: look at it with `cairn show PIPELINE`, and try again.",
  invalid_transition: "`cairn show PIPELINE` says in which status it is.",
  not_json: "Only JSON can be selected from, or compared.",
  backend_unavailable: "Look whether the service is up: `curl URL/ready` says what it misses.",
  outcome_unknown: "It may have been done: look with `cairn show PIPELINE` before you try again.",
  unsupported_format: "Upgrade the service, or give it the key that this was encrypted with.",
  quota_exceeded: "Delete pipelines or checkpoints that are not needed, or let retention do so: keepLast.",
  insufficient_storage: "Make room in the store, or let retention do so: POST /v1/pipelines/PIPELINE/prune.",
};
