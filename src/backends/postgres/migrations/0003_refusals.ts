/**
 * Who may commit what: the checks of `applyCommit`, in its order. Whoever changes one changes the other, and the
 * differential test holds them together.
 */
export const sql = `
-- Locks the pipelines of a batch, in the order of their names, so that batches never wait for one another in a
-- circle. A missing one that a commit may make gets a row of revision 0, which only this transaction sees.
CREATE FUNCTION cairn.lock_v1(commits jsonb) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  wanted record;
  row_id bigint;
  locked bigint[] := '{}';
BEGIN
  FOR wanted IN
    SELECT c->>'tenant' AS tenant, c->>'pipelineId' AS pipeline_id,
      bool_or(c->'expect'->>'create' <> 'never') AS makes
    FROM jsonb_array_elements(commits) AS c
    GROUP BY 1, 2 ORDER BY (c->>'tenant') COLLATE "C", (c->>'pipelineId') COLLATE "C"
  LOOP
    LOOP
      SELECT p.id INTO row_id FROM cairn.pipelines p
      WHERE p.tenant = wanted.tenant AND p.pipeline_id = wanted.pipeline_id FOR UPDATE;
      EXIT WHEN FOUND OR NOT wanted.makes;
      INSERT INTO cairn.pipelines (tenant, pipeline_id, created_at, updated_at)
      VALUES (wanted.tenant, wanted.pipeline_id, now(), now()) ON CONFLICT DO NOTHING;
    END LOOP;
    locked := locked || row_id;
  END LOOP;
  RETURN locked;
END
$fn$;

-- Why the lease and its fence forbid the commit, or null.
CREATE FUNCTION cairn.fenced_v1(p cairn.pipelines, expect jsonb, lease jsonb, now timestamptz)
RETURNS text LANGUAGE plpgsql STABLE AS $fn$
DECLARE
  token numeric := expect->>'fence';
  live boolean := coalesce(now < p.lease_expires, false);
BEGIN
  IF coalesce((expect->>'force')::boolean, false) THEN RETURN NULL; END IF;
  IF p.deleted THEN RETURN CASE WHEN token <> p.fence THEN 'fence_lost' END; END IF;
  IF lease ? 'take' THEN
    RETURN CASE WHEN live AND p.lease_owner <> lease->'take'->>'owner' THEN 'lease_held' END;
  END IF;
  IF token IS NULL THEN RETURN CASE WHEN live OR lease IS NOT NULL THEN 'lease_held' END; END IF;
  IF token <> p.fence THEN RETURN 'fence_lost'; END IF;
  RETURN CASE WHEN lease ? 'renew' AND p.lease_expires IS NULL THEN 'fence_lost' END;
END
$fn$;

-- Why the pipeline's status forbids the commit, or null.
CREATE FUNCTION cairn.transition_v1(status text, effects jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $fn$
  SELECT CASE WHEN CASE
    WHEN effects ? 'resumed' THEN status IN ('completed', 'cancelled')
    WHEN coalesce(effects->>'status' = status, true) THEN false
    WHEN effects->>'status' = 'interrupted' THEN status <> 'running'
    ELSE status IN ('completed', 'failed', 'cancelled')
  END THEN 'invalid_transition' END
$fn$;

-- Why the commit is refused, or null. Revision 0: there is no such pipeline.
CREATE FUNCTION cairn.refusal_v1(p cairn.pipelines, expect jsonb, effects jsonb, now timestamptz)
RETURNS text LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  missing boolean := coalesce(p.revision, 0) = 0;
  has_state boolean := EXISTS (
    SELECT FROM cairn.versions v WHERE v.pipeline = p.id AND v.version = p.version);
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
  why := cairn.transition_v1(p.status, effects);
  IF why IS NOT NULL THEN RETURN why; END IF;
  IF EXISTS (
    SELECT FROM jsonb_object_keys(effects->'checkpoints') AS target WHERE NOT EXISTS (
      SELECT FROM cairn.checkpoints c WHERE c.pipeline = p.id AND c.checkpoint_id = target)
  ) THEN RETURN 'checkpoint_not_found'; END IF;
  IF effects ? 'checkpoint' AND NOT effects->'checkpoint' ? 'data' AND NOT effects ? 'state' AND NOT has_state
  THEN RETURN 'no_state'; END IF;
  RETURN NULL;
END
$fn$;
`;
