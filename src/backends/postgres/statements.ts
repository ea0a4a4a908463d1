import { LINKS } from "./frame-record.ts";

/**
 * Every statement of the driver. Parameters are text, cast here; results are text, bytes as base64: so they are
 * the same over every transport, and no prepared statement or session outlives a call.
 */
export const COMMIT = `
SELECT outcome, answer, head FROM cairn.commit_v3($1::jsonb, decode($2, 'base64'))`;

/** $3: a JSON array of frame ids, each with the place of its bytes in $4. */
export const STAGE = `
SELECT cairn.stage_v1($1, $2, $3::jsonb, decode($4, 'base64'))::text`;

/** $3: how many seconds ago they were staged, at least. */
export const COLLECT = `
SELECT cairn.collect_v1($1, $2, $3::double precision)::text AS went`;

export const LOAD = `
SELECT NULL::text AS frame_id, cairn.head_v2(p) AS content
FROM cairn.pipelines p WHERE p.tenant = $1 AND p.pipeline_id = $2`;

/**
 * The head, and the frames of its state's chain but for what was staged ('p…'), unless they are more than $3 bytes
 * together. The length of bytes that are stored aside is known without reading them.
 */
export const LOAD_ALL = `
WITH found AS MATERIALIZED (
  SELECT p.id, cairn.head_v2(p) AS head, (
    SELECT cairn.chain_v1(v.frame_id) FROM cairn.versions v
    WHERE v.pipeline = p.id AND v.version = p.version) AS chain
  FROM cairn.pipelines p WHERE p.tenant = $1 AND p.pipeline_id = $2
)
SELECT NULL::text AS frame_id, head AS content FROM found
UNION ALL
SELECT frame_id, encode(bytes, 'base64') FROM (
  SELECT f.frame_id, f.bytes, sum(octet_length(f.bytes)) OVER () AS total
  FROM found JOIN cairn.frames f ON f.pipeline = found.id
    AND f.frame_id >= found.chain || '.' AND f.frame_id < found.chain || '.p'
) AS chain WHERE total <= $3::bigint`;

const OF_PIPELINE = "pipeline = (SELECT id FROM cairn.pipelines WHERE tenant = $1 AND pipeline_id = $2)";

/** $3: a JSON array of frame ids. */
export const FRAMES = `
SELECT frame_id, encode(bytes, 'base64') AS content FROM cairn.frames
WHERE ${OF_PIPELINE} AND frame_id IN (SELECT jsonb_array_elements_text($3::jsonb))`;

export const CHECKPOINT = `
SELECT cairn.checkpoint_v1(c)::text AS checkpoint FROM cairn.checkpoints c
WHERE ${OF_PIPELINE} AND checkpoint_id = $3 ORDER BY sequence LIMIT 1`;

/**
 * $3: the checkpoint's id. Its record, and of its chain the frames that it names (`linksOf`), unless they are more
 * than $4 bytes together: later deltas of the same chain are not its own.
 */
export const LOAD_CHECKPOINT = `
WITH found AS MATERIALIZED (
  SELECT c.pipeline, cairn.checkpoint_v1(c)::text AS record, ARRAY(
    SELECT cairn.chain_v1(c.frame_id) || '.' || place || '-' || link
    FROM unnest(string_to_array(c.frame${LINKS}, '.')) WITH ORDINALITY AS given (link, place)
  ) || ARRAY[cairn.chain_v1(c.frame_id) || '.0', c.frame_id] AS frame_ids
  FROM cairn.checkpoints c WHERE ${OF_PIPELINE} AND checkpoint_id = $3 ORDER BY sequence LIMIT 1
)
SELECT NULL::text AS frame_id, record AS content FROM found
UNION ALL
SELECT frame_id, encode(bytes, 'base64') FROM (
  SELECT f.frame_id, f.bytes, sum(octet_length(f.bytes)) OVER () AS total
  FROM found JOIN cairn.frames f ON f.pipeline = found.pipeline AND f.frame_id = ANY (found.frame_ids)
) AS chain WHERE total <= $4::bigint`;

/** $3: before this sequence; $4: the label as JSON, or null for all; $5: how many. */
export const CHECKPOINTS = `
SELECT cairn.checkpoint_v1(c)::text AS checkpoint FROM cairn.checkpoints c
WHERE ${OF_PIPELINE} AND sequence < $3::bigint AND ($4::text IS NULL OR label = $4)
ORDER BY sequence DESC LIMIT $5::bigint`;

/** $3: before this position; $4: how many. */
export const EVENTS = `
SELECT cairn.event_v1(e)::text AS event FROM cairn.events e
WHERE ${OF_PIPELINE} AND position < $3::bigint ORDER BY position DESC LIMIT $4::bigint`;

/** $2: after this id; $3: status; $4: kind as JSON; $5: labels, as an array's text, or null; $6: a time; $7: how many. */
export const PIPELINES = `
SELECT cairn.listed_v2(found) AS head FROM (
  SELECT p.* FROM cairn.pipelines p
  WHERE p.tenant = $1 AND NOT p.deleted AND p.pipeline_id > $2
    AND ($3::text IS NULL OR p.status = $3) AND ($4::text IS NULL OR p.kind = $4)
    AND ($5::text[] IS NULL OR p.labels OPERATOR(pg_catalog.@>) $5::text[])
    AND ($6::text IS NULL OR cairn.time_v1(p.updated_at) COLLATE "C" < $6)
  ORDER BY p.pipeline_id LIMIT $7::bigint
) AS found`;

export const DUE = `
SELECT head FROM cairn.due_v4($1::bigint) AS head`;

/** $3: a JSON object of numbers by name. */
export const ADD = `
SELECT cairn.add_v1($1, $2, $3::jsonb)::text`;

export const SUMS = `
SELECT name, sum FROM cairn.sums_v1($1, $2)`;

export const CLEAR_SUMS = `
SELECT cairn.clear_sums_v1($1, $2)::text`;

export const SETTINGS = `
SELECT current_setting('synchronous_commit') AS durability,
  current_setting('transaction_read_only') AS read_only,
  current_setting('transaction_isolation') AS isolation,
  current_setting('server_encoding') AS encoding,
  (SELECT bool_and(has_table_privilege(c.oid, needed))::text
    FROM pg_catalog.pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed
    WHERE c.relnamespace = to_regnamespace('cairn') AND c.relkind = 'r'
      AND c.relname IN ('pipelines', 'versions', 'checkpoints', 'events', 'writes', 'frames', 'staged',
        'sums')) AS privileged,
  (SELECT bool_and(has_function_privilege(f.oid, 'EXECUTE'))::text
    FROM pg_catalog.pg_proc f WHERE f.pronamespace = to_regnamespace('cairn')) AS executes`;
