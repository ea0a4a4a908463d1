import type { CreateTableCommandInput } from "@aws-sdk/client-dynamodb";

/** The index of pipelines by tenant, for lists; a deleted pipeline is not in it. */
export const BY_TENANT = "byTenant";
/** The index of pipelines that wait for something, by when their time may have come. */
export const BY_DUE = "byDue";

/**
 * The table, as `CreateTable` wants it (without its name). One item a pipeline, `sk` = `head`; its checkpoints,
 * events and frames are items beside it. Both indexes are sparse and hold keys only, so that a save, which
 * changes none of them, is billed for the item alone.
 */
export const tableDefinition = {
  BillingMode: "PAY_PER_REQUEST",
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "sk", AttributeType: "S" },
    { AttributeName: "tenant", AttributeType: "S" },
    { AttributeName: "pipelineId", AttributeType: "S" },
    { AttributeName: "dueBucket", AttributeType: "S" },
    { AttributeName: "dueAt", AttributeType: "N" },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: BY_TENANT,
      KeySchema: [
        { AttributeName: "tenant", KeyType: "HASH" },
        { AttributeName: "pipelineId", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "KEYS_ONLY" },
    },
    {
      IndexName: BY_DUE,
      KeySchema: [
        { AttributeName: "dueBucket", KeyType: "HASH" },
        { AttributeName: "dueAt", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "KEYS_ONLY" },
    },
  ],
} as const satisfies Readonly<Omit<CreateTableCommandInput, "TableName">> as Omit<
  CreateTableCommandInput,
  "TableName"
>;
