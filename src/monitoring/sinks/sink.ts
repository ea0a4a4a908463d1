import { metricsKey } from "../../state/core.ts";
import type { Tally } from "../../state/tally.ts";
import type { RequestEvent } from "../request-event.ts";

/** One place that requests are told to. It can neither hold up an answer nor fail it. */
export interface Sink {
  /** By which what it did not take is counted: `cairn_sink_dropped_total{sink="…"}`. */
  readonly name: string;
  /** Takes an event, without waiting for anything. @throws whatever it likes when it does not take it */
  take(event: RequestEvent): void;
  /** Whether something waits to be sent that nobody has taken upon himself, see `Claim.take`. */
  claim?(spacedMs?: number): boolean;
  /** Sends what waits. Never rejects. @returns what was not taken */
  send?(): Promise<readonly RequestEvent[]>;
}

/** All sinks of a service, with what they do not take counted. */
export interface Sinks {
  /** Never throws. */
  tell(event: RequestEvent): void;
  /** What sends on what waits, for the caller to run beside the answers; null: there is nothing. */
  wanted(spacedMs?: number): (() => Promise<void>) | null;
  /** Sends what waits, and waits for what others send. */
  close(): Promise<void>;
}

/** @param tally where drops are counted: of the tenant whose operation it was, so that of strangers none are */
export function sinksOf(sinks: readonly Sink[], tally: Pick<Tally, "count">): Sinks {
  const underway = new Set<Promise<void>>();

  function drop({ name }: Sink, events: readonly RequestEvent[]): void {
    for (const { tenant } of events) if (tenant !== "") tally.count(metricsKey(tenant), { [`d/${name}`]: 1 });
  }

  function offer(sink: Sink, event: RequestEvent): void {
    try {
      sink.take(event);
    } catch {
      drop(sink, [event]);
    }
  }

  function send(chosen: readonly Sink[]): Promise<void> {
    const each = chosen.map(async (sink) => drop(sink, (await sink.send?.()) ?? []));
    const sent = Promise.all(each).then(() => {});
    underway.add(sent);
    return sent.finally(() => underway.delete(sent));
  }

  return {
    tell(event) {
      for (const sink of sinks) offer(sink, event);
    },
    wanted(spacedMs) {
      const claimed = sinks.filter((sink) => sink.claim?.(spacedMs));
      return claimed.length > 0 ? () => send(claimed) : null;
    },
    async close() {
      await Promise.all([send(sinks), ...underway]);
    },
  };
}
