/** Claims read and lock no more than they give away. */
export const sql = `
-- As claim_v1, but it reads little that it does not claim. A loop over a query without a limit fetches, and so locks,
-- fifty rows at a time: as many are fetched as are wanted, and at least as many as had to be pushed on before, so that
-- the rounds are few however many of those there are. And rows that another claims are read to be skipped: whoever
-- comes together goes one after another, for two seconds at most. Nothing but what is read hangs on that.
CREATE FUNCTION cairn.claim_v2(most bigint) RETURNS bigint[] LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET lock_timeout = '2s' AS $fn$
DECLARE
  now timestamptz;
  p cairn.pipelines;
  due timestamptz;
  claimed bigint[] := '{}';
  pushed bigint := 0;
  wanted bigint;
  fetched bigint;
BEGIN
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('cairn.claim', 0));
  EXCEPTION WHEN lock_not_available THEN
    NULL;
  END;
  now := cairn.clock_v1();
  LOOP
    EXIT WHEN cardinality(claimed) >= most;
    wanted := greatest(most - cardinality(claimed), pushed);
    fetched := 0;
    FOR p IN
      SELECT q.* FROM cairn.pipelines q WHERE q.due_at <= now ORDER BY q.due_at LIMIT wanted FOR UPDATE SKIP LOCKED
    LOOP
      EXIT WHEN cardinality(claimed) >= most;
      fetched := fetched + 1;
      due := cairn.due_at_v1(p);
      IF due <= now THEN
        claimed := claimed || p.id;
        due := now + interval '1 minute';
      ELSE
        pushed := pushed + 1;
      END IF;
      UPDATE cairn.pipelines q SET due_at = due WHERE q.id = p.id;
    END LOOP;
    EXIT WHEN fetched < wanted;
  END LOOP;
  RETURN claimed;
END
$fn$;

-- As due_v3.
CREATE FUNCTION cairn.due_v4(most bigint) RETURNS SETOF text LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  claimed bigint[] := cairn.claim_v2(most);
BEGIN
  RETURN QUERY SELECT cairn.listed_v2(p) FROM cairn.pipelines p WHERE p.id = ANY (claimed);
END
$fn$;
`;
