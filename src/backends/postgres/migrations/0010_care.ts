/**
 * What recovery remembers of a pipeline, and when the sweep is to look at it: `dueAt` of the model, in SQL. Whoever
 * changes one changes the other, and the differential test holds them together.
 */
export const sql = `
ALTER TABLE cairn.pipelines ADD COLUMN look_at timestamptz, ADD COLUMN care json;

-- The seconds of this name in one of the settings, or null. Their text is not parsed: it may escape what json cannot
-- hold. Inside a string no quote stands without a backslash, so that only a name can look like one.
CREATE FUNCTION cairn.seconds_v1(setting text, name text) RETURNS interval LANGUAGE sql IMMUTABLE AS $fn$
  SELECT substring(setting, '"' || name || '":([0-9]{1,9}(?:[.][0-9]+)?(?:e-[0-9]{1,2})?)[,}]')::double precision
    * interval '1 second'
$fn$;

-- When the sweep is to look at it; null: it waits for nothing.
CREATE FUNCTION cairn.due_at_v1(p cairn.pipelines) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $fn$
BEGIN
  RETURN CASE WHEN p.deleted THEN NULL ELSE least(p.look_at, CASE
    WHEN p.status = 'running' AND p.lease_expires IS NOT NULL THEN p.lease_expires
    WHEN p.status = 'running' THEN
      p.updated_at + cairn.seconds_v1(p.settings->>'recovery', 'silenceSeconds')
    WHEN p.status IN ('completed', 'failed', 'cancelled') THEN
      p.updated_at + cairn.seconds_v1(p.settings->>'retention', 'deleteAfterSeconds')
  END) END;
END
$fn$;

-- As head_v1, and what recovery is about.
CREATE FUNCTION cairn.head_v2(p cairn.pipelines) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  RETURN (SELECT json_build_object(
    'format', p.format, 'tenant', p.tenant, 'pipelineId', p.pipeline_id, 'revision', p.revision,
    'version', p.version, 'fence', p.fence, 'deleted', p.deleted, 'status', p.status, 'attempt', p.attempt,
    'createdAt', cairn.time_v1(p.created_at), 'updatedAt', cairn.time_v1(p.updated_at),
    'settings', p.settings, 'lease', cairn.lease_v1(p), 'lookAt', cairn.time_v1(p.look_at), 'care', p.care,
    'states', (
      SELECT json_agg(cairn.state_v1(v) ORDER BY v.version DESC) FROM cairn.versions v
      WHERE v.pipeline = p.id),
    'checkpointCount', p.checkpoint_count, 'sequence', p.sequence,
    'lastCheckpoint', (
      SELECT cairn.checkpoint_v1(c) FROM cairn.checkpoints c
      WHERE c.pipeline = p.id ORDER BY c.sequence DESC LIMIT 1),
    'writes', (
      SELECT json_agg(json_build_object('writeId', w.write_id::json, 'digest', w.digest, 'result', w.result)
        ORDER BY w.revision) FROM cairn.writes w
      WHERE w.pipeline = p.id))::text);
END
$fn$;

-- As listed_v1, of such a head.
CREATE FUNCTION cairn.listed_v2(p cairn.pipelines) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  RETURN cairn.head_v2(p);
EXCEPTION WHEN data_exception THEN
  RETURN json_build_object('tenant', p.tenant, 'pipelineId', p.pipeline_id)::text;
END
$fn$;
`;
