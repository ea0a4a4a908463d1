/** How records are read. All are STABLE: they see what the statement that calls them sees, and nothing later. */
export const sql = `
-- The store's clock, to the millisecond that records keep.
CREATE FUNCTION cairn.clock_v1() RETURNS timestamptz LANGUAGE sql VOLATILE AS $fn$
  SELECT date_trunc('milliseconds', clock_timestamp())
$fn$;

-- RFC 3339 in UTC, whatever the session's time zone.
CREATE FUNCTION cairn.time_v1(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $fn$
  SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$fn$;

CREATE FUNCTION cairn.state_v1(v cairn.versions) RETURNS json LANGUAGE sql STABLE AS $fn$
  SELECT json_build_object(
    'version', v.version, 'content', v.content, 'savedAt', cairn.time_v1(v.saved_at), 'verified', v.verified,
    'frame', v.frame, 'checkpointed', v.checkpointed, 'restoredFrom', v.restored_from)
$fn$;

CREATE FUNCTION cairn.checkpoint_v1(c cairn.checkpoints) RETURNS json LANGUAGE sql STABLE AS $fn$
  SELECT pg_catalog.json_build_object(
    'format', c.format, 'checkpointId', c.checkpoint_id, 'version', c.version, 'sequence', c.sequence,
    'createdAt', cairn.time_v1(c.created_at), 'source', c.source, 'label', c.label::json,
    'metadata', c.metadata, 'reason', c.reason, 'content', c.content, 'verified', c.verified,
    'quarantinedAt', cairn.time_v1(c.quarantined_at), 'frame', c.frame)
$fn$;

CREATE FUNCTION cairn.event_v1(e cairn.events) RETURNS json LANGUAGE sql STABLE AS $fn$
  SELECT pg_catalog.json_build_object(
    'format', e.format, 'position', e.position, 'at', cairn.time_v1(e.at), 'version', e.version,
    'fence', e.fence, 'draft', e.draft)
$fn$;

CREATE FUNCTION cairn.lease_v1(p cairn.pipelines) RETURNS json LANGUAGE sql STABLE AS $fn$
  SELECT CASE WHEN p.lease_expires IS NOT NULL THEN json_build_object(
    'owner', p.lease_owner::json, 'ttlSeconds', p.lease_ttl, 'expiresAt', cairn.time_v1(p.lease_expires)) END
$fn$;

-- The whole head. In PL/pgSQL, whose sessions keep the plan.
CREATE FUNCTION cairn.head_v1(p cairn.pipelines) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  RETURN (SELECT json_build_object(
    'format', p.format, 'tenant', p.tenant, 'pipelineId', p.pipeline_id, 'revision', p.revision,
    'version', p.version, 'fence', p.fence, 'deleted', p.deleted, 'status', p.status, 'attempt', p.attempt,
    'createdAt', cairn.time_v1(p.created_at), 'updatedAt', cairn.time_v1(p.updated_at),
    'settings', p.settings, 'lease', cairn.lease_v1(p),
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

-- Claims pipelines whose lease ran out: each comes up again in a minute, unless a commit settles it. Where due_at
-- has passed and the lease has not, its holder has renewed it since. Two statements, for the second must see what
-- the rows of the first, locked by now, belong to.
CREATE FUNCTION cairn.due_v1(most bigint) RETURNS SETOF text LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  now timestamptz := cairn.clock_v1();
  claimed bigint[];
BEGIN
  WITH late AS (
    SELECT p.id FROM cairn.pipelines p WHERE p.due_at <= now AND p.lease_expires <= now
    ORDER BY p.due_at LIMIT most FOR UPDATE SKIP LOCKED
  ), pushed AS (
    UPDATE cairn.pipelines p SET due_at = now + interval '1 minute' FROM late
    WHERE p.id = late.id RETURNING p.id
  )
  SELECT array_agg(pushed.id) INTO claimed FROM pushed;
  RETURN QUERY SELECT cairn.head_v1(p) FROM cairn.pipelines p WHERE p.id = ANY (claimed);
END
$fn$;
`;
