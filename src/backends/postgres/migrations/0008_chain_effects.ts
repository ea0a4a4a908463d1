/** The checks and effects of `applyCommit` that deal with frames, by chain instead of frame by frame. */
export const sql = `
-- As refusal_v1, and whether the state's frame is the one expected, and what was staged is there.
CREATE FUNCTION cairn.refusal_v2(p cairn.pipelines, expect jsonb, effects jsonb, now timestamptz)
RETURNS text LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  missing boolean := coalesce(p.revision, 0) = 0;
  frame text := (
    SELECT v.frame_id FROM cairn.versions v WHERE v.pipeline = p.id AND v.version = p.version);
  has_state boolean := frame IS NOT NULL;
  why text;
BEGIN
  IF missing AND expect->>'create' = 'never' THEN RETURN 'not_found'; END IF;
  IF NOT missing AND p.deleted AND expect->>'create' <> 'anew' THEN RETURN 'pipeline_deleted'; END IF;
  IF NOT missing THEN why := cairn.fenced_v1(p, expect, effects->'lease', now); END IF;
  IF why IS NOT NULL THEN RETURN why; END IF;
  IF expect->>'state' = 'absent' AND has_state THEN RETURN 'state_exists'; END IF;
  IF expect->>'state' = 'present' AND NOT has_state THEN RETURN 'no_state'; END IF;
  IF (expect->>'version')::numeric <> p.version THEN RETURN 'version_mismatch'; END IF;
  IF (expect->>'revision')::numeric <> p.revision THEN RETURN 'revision_mismatch'; END IF;
  IF expect ? 'base' AND frame IS DISTINCT FROM expect->>'base' THEN RETURN 'base_mismatch'; END IF;
  why := cairn.transition_v1(p.status, effects);
  IF why IS NOT NULL THEN RETURN why; END IF;
  IF EXISTS (
    SELECT FROM jsonb_object_keys(effects->'checkpoints') AS target WHERE NOT EXISTS (
      SELECT FROM cairn.checkpoints c WHERE c.pipeline = p.id AND c.checkpoint_id = target)
  ) THEN RETURN 'checkpoint_not_found'; END IF;
  IF effects ? 'checkpoint' AND NOT effects->'checkpoint' ? 'data' AND NOT effects ? 'state' AND NOT has_state
  THEN RETURN 'no_state'; END IF;
  IF effects->'state' ? 'staged' AND NOT cairn.has_staged_v1(p, effects->'state'->'staged')
  THEN RETURN 'frames_missing'; END IF;
  RETURN NULL;
END
$fn$;

-- The new state, and the one before it kept unless it is damaged; older ones go, with chains of no checkpoint.
CREATE FUNCTION cairn.save_v2(p cairn.pipelines, effects jsonb, frames bytea, at timestamptz)
RETURNS cairn.pipelines LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  state jsonb := effects->'state';
  keep integer := CASE WHEN effects ? 'dropReplaced' THEN 2 ELSE 1 END;
  named boolean := EXISTS (
    SELECT FROM cairn.versions v WHERE v.pipeline = p.id AND v.checkpointed
      AND cairn.chain_v1(v.frame_id) = cairn.chain_v1(state->>'frameId'));
  gone text[];
BEGIN
  PERFORM cairn.put_frame_v1(p.id, state, frames);
  IF state ? 'staged' THEN PERFORM cairn.adopt_v1(p, state->'staged'); END IF;
  WITH older AS (
    SELECT v.version, row_number() OVER (ORDER BY v.version DESC) AS place
    FROM cairn.versions v WHERE v.pipeline = p.id
  ), dropped AS (
    DELETE FROM cairn.versions v USING older
    WHERE v.pipeline = p.id AND v.version = older.version AND older.place <> keep
    RETURNING v.frame_id, v.checkpointed
  )
  SELECT array_agg(cairn.chain_v1(d.frame_id)) INTO gone FROM dropped d WHERE NOT d.checkpointed;
  p.version := p.version + 1;
  INSERT INTO cairn.versions
    (pipeline, version, content, saved_at, verified, restored_from, frame_id, frame, checkpointed)
  VALUES (p.id, p.version, (state->>'content')::json, at, (state->>'verified')::boolean,
    (state->>'restoredFrom')::json, state->>'frameId', (state->>'frame')::json, named);
  IF gone IS NOT NULL THEN PERFORM cairn.release_v1(p, gone); END IF;
  -- A save proves that the pipeline lives; a rollback by an operator does not.
  IF p.status = 'interrupted' AND state->>'restoredFrom' IS NULL THEN p.status := 'running'; END IF;
  RETURN p;
END
$fn$;

-- Checkpoints dropped, or marked damaged or whole, and the chains that nothing names any more.
CREATE FUNCTION cairn.drop_v2(p cairn.pipelines, targets jsonb, at timestamptz)
RETURNS cairn.pipelines LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  gone text[];
BEGIN
  UPDATE cairn.checkpoints c SET
    verified = targets->>c.checkpoint_id = 'verify',
    quarantined_at = CASE targets->>c.checkpoint_id WHEN 'quarantine' THEN coalesce(c.quarantined_at, at) END
  WHERE c.pipeline = p.id AND targets->>c.checkpoint_id IN ('quarantine', 'verify');
  WITH dropped AS (
    DELETE FROM cairn.checkpoints c
    WHERE c.pipeline = p.id AND targets->>c.checkpoint_id = 'drop' RETURNING c.frame_id
  )
  SELECT array_agg(cairn.chain_v1(d.frame_id)) INTO gone FROM dropped d;
  gone := ARRAY(
    SELECT unnest(gone) EXCEPT
    SELECT cairn.chain_v1(c.frame_id) FROM cairn.checkpoints c WHERE c.pipeline = p.id);
  PERFORM cairn.mark_chains_v1(p, gone, false);
  PERFORM cairn.release_v1(p, gone);
  p.checkpoint_count := (SELECT count(*) FROM cairn.checkpoints c WHERE c.pipeline = p.id);
  RETURN p;
END
$fn$;

-- A checkpoint of the state as it is now, or of data given with the call.
CREATE FUNCTION cairn.mark_v2(p cairn.pipelines, draft jsonb, frames bytea, at timestamptz)
RETURNS cairn.pipelines LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  data jsonb := draft->'data';
  state cairn.versions;
BEGIN
  p.sequence := p.sequence + 1;
  p.checkpoint_count := p.checkpoint_count + 1;
  IF data IS NULL THEN
    SELECT v.* INTO state FROM cairn.versions v WHERE v.pipeline = p.id AND v.version = p.version;
  ELSE
    PERFORM cairn.put_frame_v1(p.id, data, frames);
    state.content := data->>'content';
    state.verified := true;
    state.frame_id := data->>'frameId';
    state.frame := data->>'frame';
  END IF;
  PERFORM cairn.mark_chains_v1(p, ARRAY[cairn.chain_v1(state.frame_id)], true);
  INSERT INTO cairn.checkpoints (pipeline, sequence, checkpoint_id, version, created_at, source,
    label, metadata, reason, content, verified, frame_id, frame)
  VALUES (p.id, p.sequence, draft->>'checkpointId', p.version, at,
    CASE WHEN data IS NULL THEN 'state' ELSE 'data' END,
    draft->>'label', (draft->>'metadata')::json, (draft->>'reason')::json,
    state.content, state.verified, state.frame_id, state.frame);
  RETURN p;
END
$fn$;

-- As remove_v1, and what was staged.
CREATE FUNCTION cairn.remove_v2(p cairn.pipelines) RETURNS cairn.pipelines LANGUAGE plpgsql VOLATILE AS $fn$
BEGIN
  DELETE FROM cairn.staged s WHERE s.tenant = p.tenant AND s.pipeline_id = p.pipeline_id;
  RETURN cairn.remove_v1(p);
END
$fn$;
`;
