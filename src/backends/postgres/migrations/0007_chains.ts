/**
 * Frames in chains (the model's `chain.ts`): what begins with one name up to the dot is kept, read and let go
 * together. And frames that come ahead of the commit that names them.
 */
export const sql = `
-- What a frame's id begins with: the name of its chain.
CREATE FUNCTION cairn.chain_v1(frame_id text) RETURNS text LANGUAGE sql IMMUTABLE AS $fn$
  SELECT pg_catalog.split_part(frame_id, '.'::text, 1)
$fn$;

-- Frames that no commit has named yet, maybe of a pipeline that is not there yet.
CREATE TABLE cairn.staged (
  tenant text COLLATE "C" NOT NULL,
  pipeline_id text COLLATE "C" NOT NULL,
  frame_id text COLLATE "C" NOT NULL,
  bytes bytea NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant, pipeline_id, frame_id)
);
ALTER TABLE cairn.staged ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE INDEX staged_at ON cairn.staged (at);

-- Keeps frames, each a part of the bytes, until a commit names them; and lets go of some that waited for an hour.
-- All who lock several of these rows do so in the order of their names; the old ones come last, and without
-- waiting, for by then this transaction has locks that others may wait for.
CREATE FUNCTION cairn.stage_v1(tenant text, pipeline_id text, parts jsonb, bytes bytea)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
#variable_conflict use_column
DECLARE
  part jsonb;
  now timestamptz := cairn.clock_v1();
BEGIN
  PERFORM set_config('lock_timeout', '10s', true);
  FOR part IN SELECT p FROM jsonb_array_elements(parts) AS p ORDER BY (p->>'frameId') COLLATE "C" LOOP
    INSERT INTO cairn.staged (tenant, pipeline_id, frame_id, bytes, at) VALUES ($1, $2, part->>'frameId',
      substr($4, (part->>'from')::integer, (part->>'length')::integer), now)
    ON CONFLICT (tenant, pipeline_id, frame_id) DO UPDATE SET bytes = excluded.bytes, at = excluded.at;
  END LOOP;
  DELETE FROM cairn.staged WHERE ctid = ANY (ARRAY(
    SELECT s.ctid FROM cairn.staged s WHERE s.at < now - interval '1 hour'
    ORDER BY s.at LIMIT 16 FOR UPDATE SKIP LOCKED));
END
$fn$;

-- Whether all of these frames are there; those that are stay until this transaction ends.
CREATE FUNCTION cairn.has_staged_v1(p cairn.pipelines, wanted jsonb)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $fn$
BEGIN
  PERFORM FROM cairn.staged s WHERE s.tenant = p.tenant AND s.pipeline_id = p.pipeline_id
    AND s.frame_id IN (SELECT jsonb_array_elements_text(wanted)) ORDER BY s.frame_id FOR UPDATE;
  RETURN NOT EXISTS (
    SELECT jsonb_array_elements_text(wanted) EXCEPT SELECT s.frame_id FROM cairn.staged s
    WHERE s.tenant = p.tenant AND s.pipeline_id = p.pipeline_id);
END
$fn$;

-- Makes staged frames frames of the pipeline.
CREATE FUNCTION cairn.adopt_v1(p cairn.pipelines, wanted jsonb) RETURNS void LANGUAGE sql VOLATILE AS $fn$
  WITH adopted AS (
    DELETE FROM cairn.staged s WHERE s.tenant = p.tenant AND s.pipeline_id = p.pipeline_id
      AND s.frame_id IN (SELECT jsonb_array_elements_text(wanted))
    RETURNING s.frame_id, s.bytes
  )
  INSERT INTO cairn.frames (pipeline, frame_id, bytes) SELECT p.id, a.frame_id, a.bytes FROM adopted a
  ON CONFLICT (pipeline, frame_id) DO UPDATE SET bytes = excluded.bytes
$fn$;

-- Lets chains go that no version is in: all their frames, named or not. Those of checkpoints are the caller's care.
CREATE FUNCTION cairn.release_v1(p cairn.pipelines, chains text[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
  chain text;
BEGIN
  FOR chain IN
    SELECT unnest(chains) EXCEPT
    SELECT cairn.chain_v1(v.frame_id) FROM cairn.versions v WHERE v.pipeline = p.id
  LOOP
    -- '/' comes next after '.': this is the index's range of what begins with the chain and a dot.
    DELETE FROM cairn.frames f
    WHERE f.pipeline = p.id AND f.frame_id >= chain || '.' AND f.frame_id < chain || '/';
  END LOOP;
END
$fn$;

-- Says of the versions in these chains whether a checkpoint names their chain.
CREATE FUNCTION cairn.mark_chains_v1(p cairn.pipelines, chains text[], named boolean)
RETURNS void LANGUAGE plpgsql VOLATILE AS $fn$
BEGIN
  UPDATE cairn.versions v SET checkpointed = named
  WHERE v.pipeline = p.id AND v.checkpointed <> named AND cairn.chain_v1(v.frame_id) = ANY (chains);
END
$fn$;
`;
