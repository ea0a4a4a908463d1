/** How the sweep finds what is due, and takes away what nobody came to name. */
export const sql = `
-- Claims pipelines whose time has come: each comes up again in a minute, unless a commit settles it. One whose
-- indexed time has come before its own was renewed since: it is pushed on. The rows come from the index of due_at
-- as they are wanted, for no other way to them is left to the planner, whatever it thinks of the table.
CREATE FUNCTION cairn.claim_v1(most bigint) RETURNS bigint[] LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $fn$
DECLARE
  now timestamptz := cairn.clock_v1();
  p cairn.pipelines;
  due timestamptz;
  claimed bigint[] := '{}';
BEGIN
  FOR p IN
    SELECT q.* FROM cairn.pipelines q WHERE q.due_at <= now ORDER BY q.due_at FOR UPDATE SKIP LOCKED
  LOOP
    EXIT WHEN cardinality(claimed) >= most;
    due := cairn.due_at_v1(p);
    IF due <= now THEN
      claimed := claimed || p.id;
      due := now + interval '1 minute';
    END IF;
    UPDATE cairn.pipelines q SET due_at = due WHERE q.id = p.id;
  END LOOP;
  RETURN claimed;
END
$fn$;

-- Two statements, for the second must see what the rows of the first, locked by now, belong to.
CREATE FUNCTION cairn.due_v3(most bigint) RETURNS SETOF text LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  claimed bigint[] := cairn.claim_v1(most);
BEGIN
  RETURN QUERY SELECT cairn.listed_v2(p) FROM cairn.pipelines p WHERE p.id = ANY (claimed);
END
$fn$;

-- Lets go of frames that were staged so long ago and that no commit is naming just now. Returns how many. All else
-- that a pipeline has goes with the commit that stops naming it.
CREATE FUNCTION cairn.collect_v1(tenant text, pipeline_id text, seconds double precision)
RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  bound timestamptz := cairn.clock_v1() - seconds * interval '1 second';
  went bigint;
BEGIN
  DELETE FROM cairn.staged WHERE ctid = ANY (ARRAY(
    SELECT s.ctid FROM cairn.staged s WHERE s.tenant = $1 AND s.pipeline_id = $2 AND s.at <= bound
    ORDER BY s.frame_id FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS went = ROW_COUNT;
  RETURN went;
END
$fn$;
`;
