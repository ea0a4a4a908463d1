/** One record that nobody can read must not keep those beside it from being found. */
export const sql = `
-- The head for a list. Of one that is damaged no more than whose it is: the caller leaves it out, and says so.
CREATE FUNCTION cairn.listed_v1(p cairn.pipelines) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  RETURN cairn.head_v1(p);
EXCEPTION WHEN data_exception THEN
  RETURN json_build_object('tenant', p.tenant, 'pipelineId', p.pipeline_id)::text;
END
$fn$;

-- As due_v1, but for what is damaged: it comes up again as any other that nothing settles.
CREATE FUNCTION cairn.due_v2(most bigint) RETURNS SETOF text LANGUAGE plpgsql VOLATILE
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
  RETURN QUERY SELECT cairn.listed_v1(p) FROM cairn.pipelines p WHERE p.id = ANY (claimed);
END
$fn$;
`;
