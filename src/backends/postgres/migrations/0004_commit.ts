/**
 * What a commit changes: the effects of `applyCommit`, in its order. 64 writes and one older version are kept,
 * as the model says. A pipeline of a later format is refused by SQLSTATE UC001.
 */
export const sql = `
-- A frame's bytes are a part of those that came with the batch.
CREATE FUNCTION cairn.put_frame_v1(pipeline bigint, part jsonb, frames bytea)
RETURNS void LANGUAGE plpgsql VOLATILE AS $fn$
#variable_conflict use_column
BEGIN
  INSERT INTO cairn.frames (pipeline, frame_id, bytes)
  VALUES ($1, part->>'frameId', substr(frames, (part->>'from')::integer, (part->>'length')::integer))
  ON CONFLICT (pipeline, frame_id) DO UPDATE SET bytes = excluded.bytes;
END
$fn$;

-- The new state, and the one before it kept unless it is damaged; older ones go, with frames of no checkpoint.
CREATE FUNCTION cairn.save_v1(p cairn.pipelines, effects jsonb, frames bytea, at timestamptz)
RETURNS cairn.pipelines LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  state jsonb := effects->'state';
  keep integer := CASE WHEN effects ? 'dropReplaced' THEN 2 ELSE 1 END;
BEGIN
  PERFORM cairn.put_frame_v1(p.id, state, frames);
  WITH older AS (
    SELECT v.version, row_number() OVER (ORDER BY v.version DESC) AS place
    FROM cairn.versions v WHERE v.pipeline = p.id
  ), gone AS (
    DELETE FROM cairn.versions v USING older
    WHERE v.pipeline = p.id AND v.version = older.version AND older.place <> keep
    RETURNING v.frame_id, v.checkpointed
  )
  DELETE FROM cairn.frames f USING gone
  WHERE f.pipeline = p.id AND f.frame_id = gone.frame_id AND NOT gone.checkpointed;
  p.version := p.version + 1;
  INSERT INTO cairn.versions
    (pipeline, version, content, saved_at, verified, restored_from, frame_id, frame)
  VALUES (p.id, p.version, (state->>'content')::json, at, (state->>'verified')::boolean,
    (state->>'restoredFrom')::json, state->>'frameId', (state->>'frame')::json);
  -- A save proves that the pipeline lives; a rollback by an operator does not.
  IF p.status = 'interrupted' AND state->>'restoredFrom' IS NULL THEN p.status := 'running'; END IF;
  RETURN p;
END
$fn$;

-- The lease after the commit: taken, taken away, released or ended, renewed; and renewed by a holder's write.
CREATE FUNCTION cairn.lease_after_v1(p cairn.pipelines, expect jsonb, effects jsonb, at timestamptz)
RETURNS cairn.pipelines LANGUAGE plpgsql STABLE AS $fn$
DECLARE
  change jsonb := effects->'lease';
  held boolean := p.lease_expires IS NOT NULL;
  ends boolean := effects ? 'status' AND p.status IN ('completed', 'failed', 'cancelled');
  forced boolean := held AND coalesce((expect->>'force')::boolean, false);
BEGIN
  IF change ? 'take' THEN
    p.fence := p.fence + 1;
    p.lease_owner := change->'take'->>'owner';
    p.lease_ttl := change->'take'->>'ttlSeconds';
    p.lease_expires := at + p.lease_ttl * interval '1 second';
  ELSIF forced OR ends OR change ? 'release' THEN
    p.fence := p.fence + forced::integer;
    p.lease_owner := NULL;
    p.lease_ttl := NULL;
    p.lease_expires := NULL;
  ELSIF change ? 'renew' AND held THEN
    p.lease_ttl := coalesce((change->'renew'->>'ttlSeconds')::double precision, p.lease_ttl);
    p.lease_expires := at + p.lease_ttl * interval '1 second';
  END IF;
  IF (effects ? 'state' OR effects ? 'checkpoint') AND (expect->>'fence')::numeric = p.fence THEN
    p.lease_expires := greatest(p.lease_expires, at + p.lease_ttl * interval '1 second');
  END IF;
  RETURN p;
END
$fn$;

-- Checkpoints dropped or marked damaged, and the frames that nothing names any more.
CREATE FUNCTION cairn.drop_v1(p cairn.pipelines, targets jsonb, at timestamptz)
RETURNS cairn.pipelines LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  gone text[];
BEGIN
  UPDATE cairn.checkpoints c SET verified = false, quarantined_at = coalesce(c.quarantined_at, at)
  WHERE c.pipeline = p.id AND targets->>c.checkpoint_id = 'quarantine';
  WITH dropped AS (
    DELETE FROM cairn.checkpoints c
    WHERE c.pipeline = p.id AND targets->>c.checkpoint_id = 'drop' RETURNING c.frame_id
  )
  SELECT array_agg(dropped.frame_id) INTO gone FROM dropped;
  gone := ARRAY(
    SELECT unnest(gone) EXCEPT SELECT c.frame_id FROM cairn.checkpoints c WHERE c.pipeline = p.id);
  UPDATE cairn.versions v SET checkpointed = false WHERE v.pipeline = p.id AND v.frame_id = ANY (gone);
  DELETE FROM cairn.frames f WHERE f.pipeline = p.id AND f.frame_id = ANY (gone) AND NOT EXISTS (
    SELECT FROM cairn.versions v WHERE v.pipeline = p.id AND v.frame_id = f.frame_id);
  p.checkpoint_count := (SELECT count(*) FROM cairn.checkpoints c WHERE c.pipeline = p.id);
  RETURN p;
END
$fn$;

-- A checkpoint of the state as it is now, or of data given with the call.
CREATE FUNCTION cairn.mark_v1(p cairn.pipelines, draft jsonb, frames bytea, at timestamptz)
RETURNS cairn.pipelines LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  data jsonb := draft->'data';
  state cairn.versions;
BEGIN
  p.sequence := p.sequence + 1;
  p.checkpoint_count := p.checkpoint_count + 1;
  IF data IS NULL THEN
    UPDATE cairn.versions v SET checkpointed = true
    WHERE v.pipeline = p.id AND v.version = p.version RETURNING v.* INTO state;
  ELSE
    PERFORM cairn.put_frame_v1(p.id, data, frames);
    state.content := data->>'content';
    state.verified := true;
    state.frame_id := data->>'frameId';
    state.frame := data->>'frame';
  END IF;
  INSERT INTO cairn.checkpoints (pipeline, sequence, checkpoint_id, version, created_at, source,
    label, metadata, reason, content, verified, frame_id, frame)
  VALUES (p.id, p.sequence, draft->>'checkpointId', p.version, at,
    CASE WHEN data IS NULL THEN 'state' ELSE 'data' END,
    draft->>'label', (draft->>'metadata')::json, (draft->>'reason')::json,
    state.content, state.verified, state.frame_id, state.frame);
  RETURN p;
END
$fn$;

CREATE FUNCTION cairn.record_events_v1(p cairn.pipelines, effects jsonb, created boolean, before text)
RETURNS void LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  status text := effects->>'status';
BEGIN
  INSERT INTO cairn.events (pipeline, position, at, version, fence, draft)
  SELECT p.id, p.revision * 10000 + row_number() OVER (ORDER BY n) - 1, p.updated_at, p.version, p.fence,
    draft::json
  FROM (
    SELECT 0 AS n, '{"type":"created"}' AS draft WHERE created
    UNION ALL
    SELECT n, e->>'draft' FROM jsonb_array_elements(effects->'events') WITH ORDINALITY AS given (e, n)
    WHERE (e->>'type', before) IS DISTINCT FROM (status, status)
  ) AS drafts;
END
$fn$;

-- What is left of a deleted pipeline: its counters, and this one write.
CREATE FUNCTION cairn.remove_v1(p cairn.pipelines) RETURNS cairn.pipelines LANGUAGE plpgsql VOLATILE AS $fn$
BEGIN
  DELETE FROM cairn.versions v WHERE v.pipeline = p.id;
  DELETE FROM cairn.checkpoints c WHERE c.pipeline = p.id;
  DELETE FROM cairn.events e WHERE e.pipeline = p.id;
  DELETE FROM cairn.writes w WHERE w.pipeline = p.id;
  DELETE FROM cairn.frames f WHERE f.pipeline = p.id;
  p.deleted := true;
  p.fence := p.fence + 1;
  p.status := 'running';
  p.attempt := 0;
  p.kind := '"default"';
  p.labels := '{}';
  p.settings := '{}';
  p.lease_owner := NULL;
  p.lease_ttl := NULL;
  p.lease_expires := NULL;
  p.checkpoint_count := 0;
  RETURN p;
END
$fn$;

-- What the commit gives back, as JSON text.
CREATE FUNCTION cairn.result_v1(p cairn.pipelines, effects jsonb, created boolean)
RETURNS json LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  made cairn.checkpoints;
  content json;
BEGIN
  IF effects ? 'state' THEN
    SELECT v.content INTO content FROM cairn.versions v WHERE v.pipeline = p.id AND v.version = p.version;
  END IF;
  IF effects ? 'checkpoint' THEN
    SELECT c.* INTO made FROM cairn.checkpoints c WHERE c.pipeline = p.id AND c.sequence = p.sequence;
    content := made.content;
  END IF;
  RETURN json_build_object(
    'at', cairn.time_v1(p.updated_at), 'revision', p.revision, 'version', p.version, 'fence', p.fence,
    'attempt', p.attempt, 'created', created, 'content', content,
    'checkpoint', CASE WHEN made.sequence IS NOT NULL THEN json_build_object(
      'checkpointId', made.checkpoint_id, 'sequence', made.sequence, 'reason', made.reason,
      'verified', made.verified) END,
    'expiresAt', cairn.time_v1(p.lease_expires), 'note', (effects->>'note')::json);
END
$fn$;
`;
