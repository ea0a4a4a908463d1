/** Sums that functions add to: what is learned of a kind, what is counted. */
export const sql = `
-- One row a sum, changed in its place: nothing but its value ever changes.
CREATE TABLE cairn.sums (
  tenant text COLLATE "C" NOT NULL,
  scope text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  value double precision NOT NULL,
  PRIMARY KEY (tenant, scope, name)
) WITH (fillfactor = 50);

-- What begins a transaction that changes sums: durable as a commit is, and patient for no longer. Those who add share a
-- lock, those who forget hold it alone: they must not meet rows of each other in different orders, nor half of an
-- addition.
CREATE FUNCTION cairn.sums_lock_v1(tenant text, scope text, alone boolean) RETURNS void LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
  lock bigint := hashtextextended(tenant || '/' || scope, 13);
BEGIN
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  IF alone THEN PERFORM pg_advisory_xact_lock(lock);
  ELSE PERFORM pg_advisory_xact_lock_shared(lock);
  END IF;
END
$fn$;

-- In the order of the names: two who add to the same sums wait for one another, never each for the other.
CREATE FUNCTION cairn.add_v1(tenant text, scope text, increments jsonb) RETURNS void LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  PERFORM cairn.sums_lock_v1($1, $2, false);
  INSERT INTO cairn.sums AS s (tenant, scope, name, value)
  SELECT $1, $2, i.key, i.value::double precision FROM jsonb_each_text(increments) AS i
  ORDER BY i.key COLLATE "C"
  ON CONFLICT ON CONSTRAINT sums_pkey DO UPDATE SET value = s.value + excluded.value;
END
$fn$;

CREATE FUNCTION cairn.clear_sums_v1(tenant text, scope text) RETURNS void LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
  PERFORM cairn.sums_lock_v1($1, $2, true);
  DELETE FROM cairn.sums s WHERE s.tenant = $1 AND s.scope = $2;
END
$fn$;

-- Every digit, whatever the session shows of a number.
CREATE FUNCTION cairn.sums_v1(tenant text, scope text) RETURNS TABLE (name text, sum text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 AS $fn$
BEGIN
  RETURN QUERY SELECT s.name, s.value::text FROM cairn.sums s WHERE s.tenant = $1 AND s.scope = $2;
END
$fn$;
`;
