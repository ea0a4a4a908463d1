/** Where everything is kept. `json` columns hold the driver's own text, exactly; nothing looks inside them. */
export const sql = `
-- One row a pipeline: all that a commit decides on. Columns marked JSON hold a string as JSON text: such text
-- may escape NUL and lone surrogates, which neither text nor jsonb can hold as they are.
CREATE TABLE cairn.pipelines (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant text COLLATE "C" NOT NULL,
  pipeline_id text COLLATE "C" NOT NULL,
  format smallint NOT NULL DEFAULT 1,
  revision bigint NOT NULL DEFAULT 0,
  version bigint NOT NULL DEFAULT 0,
  fence bigint NOT NULL DEFAULT 0,
  deleted boolean NOT NULL DEFAULT false,
  status text NOT NULL DEFAULT 'running',
  attempt integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  kind text NOT NULL DEFAULT '"default"',      -- JSON
  labels text[] NOT NULL DEFAULT '{}',         -- each the JSON of [name, value]
  settings jsonb NOT NULL DEFAULT '{}',        -- by name, each a JSON text; what was never set is not in it
  lease_owner text,                            -- JSON
  lease_ttl double precision,
  lease_expires timestamptz,
  due_at timestamptz,                          -- when the sweep looks: no later than the lease's end, till claimed
  checkpoint_count bigint NOT NULL DEFAULT 0,
  sequence bigint NOT NULL DEFAULT 0,
  UNIQUE (tenant, pipeline_id)
) WITH (fillfactor = 80); -- room beside each row, so that a heartbeat touches no index
CREATE INDEX pipelines_due ON cairn.pipelines (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX pipelines_status ON cairn.pipelines (tenant, status, pipeline_id) WHERE status <> 'running';
CREATE INDEX pipelines_labels ON cairn.pipelines USING gin (labels);

-- The state (the row of the pipeline's version) and the versions before it that can still be read.
CREATE TABLE cairn.versions (
  pipeline bigint NOT NULL,
  version bigint NOT NULL,
  content json NOT NULL,
  saved_at timestamptz NOT NULL,
  verified boolean NOT NULL,
  restored_from json,
  frame_id text COLLATE "C" NOT NULL,
  frame json NOT NULL,
  checkpointed boolean NOT NULL DEFAULT false,
  PRIMARY KEY (pipeline, version)
);

CREATE TABLE cairn.checkpoints (
  pipeline bigint NOT NULL,
  sequence bigint NOT NULL,
  format smallint NOT NULL DEFAULT 1,
  checkpoint_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  source text NOT NULL,
  label text,                                  -- JSON
  metadata json,
  reason json,
  content json NOT NULL,
  verified boolean NOT NULL,
  quarantined_at timestamptz,
  frame_id text COLLATE "C" NOT NULL,
  frame json NOT NULL,
  PRIMARY KEY (pipeline, sequence)
);
CREATE INDEX checkpoints_id ON cairn.checkpoints (pipeline, checkpoint_id);

-- position: the revision times 10,000, and the place among the events of that commit.
CREATE TABLE cairn.events (
  pipeline bigint NOT NULL,
  position bigint NOT NULL,
  format smallint NOT NULL DEFAULT 1,
  at timestamptz NOT NULL,
  version bigint NOT NULL,
  fence bigint NOT NULL,
  draft json NOT NULL,
  PRIMARY KEY (pipeline, position)
);

-- The last 64 commits of each pipeline, with what they gave back.
CREATE TABLE cairn.writes (
  pipeline bigint NOT NULL,
  write_id text COLLATE "C" NOT NULL,          -- JSON
  revision bigint NOT NULL,
  digest text NOT NULL,
  result json NOT NULL,
  PRIMARY KEY (pipeline, write_id)
);

-- Frames arrive compressed: the server need not try again.
CREATE TABLE cairn.frames (
  pipeline bigint NOT NULL,
  frame_id text COLLATE "C" NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (pipeline, frame_id)
);
ALTER TABLE cairn.frames ALTER COLUMN bytes SET STORAGE EXTERNAL;
`;
