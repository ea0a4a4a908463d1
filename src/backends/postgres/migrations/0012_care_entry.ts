/** The call that a driver makes, as in 0009: with what recovery remembers, and a time for the sweep by `due_at_v1`. */
export const sql = `
-- Applies a commit that nothing forbids. Returns its result.
CREATE FUNCTION cairn.apply_v3(p cairn.pipelines, one jsonb, frames bytea, at timestamptz)
RETURNS json LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  effects jsonb := one->'effects';
  created boolean := p.revision = 0 OR p.deleted;
  first boolean := created OR (effects ? 'state' AND NOT EXISTS (
    SELECT FROM cairn.versions v WHERE v.pipeline = p.id AND v.version = p.version));
  before text := p.status;
  due timestamptz;
  result json;
BEGIN
  IF created THEN p.created_at := at; END IF;
  IF created OR effects ? 'remove' THEN
    p.look_at := NULL;
    p.care := NULL;
  END IF;
  p.deleted := false;
  p.revision := p.revision + 1;
  p.updated_at := at;
  IF effects ? 'remove' THEN
    p := cairn.remove_v2(p);
    result := cairn.result_v1(p, '{}', false);
  ELSE
    IF effects ? 'settings' THEN p.settings := p.settings || (effects->'settings'); END IF;
    p.kind := coalesce(effects->'settings'->>'kind', p.kind);
    IF effects ? 'labels' THEN p.labels := ARRAY(SELECT jsonb_array_elements_text(effects->'labels')); END IF;
    IF effects ? 'care' THEN p.care := effects->>'care'; END IF;
    IF effects ? 'lookAt' THEN p.look_at := effects->>'lookAt'; END IF;
    IF effects ? 'state' THEN p := cairn.save_v2(p, effects, frames, at); END IF;
    IF effects ? 'verified' THEN
      UPDATE cairn.versions v SET verified = true WHERE v.pipeline = p.id AND v.version = p.version;
    END IF;
    IF effects ? 'resumed' THEN
      p.status := 'running';
      p.attempt := p.attempt + 1;
    ELSE
      p.status := coalesce(effects->>'status', p.status);
    END IF;
    p := cairn.lease_after_v1(p, one->'expect', effects, at);
    IF effects ? 'checkpoints' THEN p := cairn.drop_v2(p, effects->'checkpoints', at); END IF;
    IF effects ? 'checkpoint' THEN p := cairn.mark_v2(p, effects->'checkpoint', frames, at); END IF;
    result := cairn.result_v1(p, effects, first);
    PERFORM cairn.record_events_v1(p, effects, created, before);
  END IF;
  INSERT INTO cairn.writes (pipeline, write_id, revision, digest, result)
  VALUES (p.id, one->>'writeId', p.revision, one->>'digest', result);
  DELETE FROM cairn.writes w WHERE w.pipeline = p.id AND w.revision <= p.revision - 64;
  -- What stays as it is must stay in its place: a value of q that was stored aside is not written again, and
  -- while due_at is a time to come, and not too late, no index changes.
  due := cairn.due_at_v1(p);
  IF p.due_at > at AND p.due_at <= due THEN due := p.due_at; END IF;
  UPDATE cairn.pipelines q SET
    revision = p.revision, version = p.version, fence = p.fence, deleted = p.deleted, status = p.status,
    attempt = p.attempt, created_at = p.created_at, updated_at = p.updated_at, kind = p.kind,
    labels = CASE WHEN effects ?| ARRAY['labels', 'remove'] THEN p.labels ELSE q.labels END,
    settings = CASE WHEN effects ?| ARRAY['settings', 'remove'] THEN p.settings ELSE q.settings END,
    care = CASE WHEN created OR effects ?| ARRAY['care', 'remove'] THEN p.care ELSE q.care END,
    look_at = p.look_at, due_at = due,
    lease_owner = p.lease_owner, lease_ttl = p.lease_ttl, lease_expires = p.lease_expires,
    checkpoint_count = p.checkpoint_count, sequence = p.sequence
  WHERE q.id = p.id;
  RETURN result;
END
$fn$;

-- Names mean what they mean here, whatever schemas the session looks into: so in all that it calls.
-- outcome: applied, replayed, or why the commit was refused; head: as it is then, null where there is none.
CREATE FUNCTION cairn.commit_v3(commits jsonb, frames bytea)
RETURNS TABLE (outcome text, answer text, head text) LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  one jsonb;
  p cairn.pipelines;
  known cairn.writes;
  at timestamptz;
  locked bigint[];
BEGIN
  -- For this transaction only, so that a pooler may hand the session on. What is acknowledged is durable,
  -- whatever the session's default; and who waits for a lock gives up before its caller does.
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  locked := cairn.lock_v1(commits);
  FOR one IN SELECT c FROM jsonb_array_elements(commits) WITH ORDINALITY AS given (c, n) ORDER BY n LOOP
    SELECT q.* INTO p FROM cairn.pipelines q WHERE q.tenant = one->>'tenant'
      AND q.pipeline_id = one->>'pipelineId' AND q.id = ANY (locked);
    IF p.format > 1 THEN RAISE EXCEPTION 'a later format' USING ERRCODE = 'UC001'; END IF;
    SELECT w.* INTO known FROM cairn.writes w WHERE w.pipeline = p.id AND w.write_id = one->>'writeId';
    IF FOUND THEN
      outcome := CASE WHEN known.digest = one->>'digest' THEN 'replayed' ELSE 'idempotency_mismatch' END;
      answer := known.result;
    ELSE
      at := cairn.clock_v1();
      outcome := cairn.refusal_v2(p, one->'expect', one->'effects', at);
      answer := NULL;
      IF outcome IS NULL THEN
        outcome := 'applied';
        answer := cairn.apply_v3(p, one, frames, at);
      END IF;
    END IF;
    head := (SELECT cairn.head_v2(q) FROM cairn.pipelines q WHERE q.id = p.id AND q.revision > 0);
    RETURN NEXT;
  END LOOP;
  DELETE FROM cairn.pipelines q WHERE q.id = ANY (locked) AND q.revision = 0;
END
$fn$;

-- Those that waited before for what has a time only now.
UPDATE cairn.pipelines p SET due_at = cairn.due_at_v1(p)
WHERE p.due_at IS NULL AND cairn.due_at_v1(p) IS NOT NULL;
`;
