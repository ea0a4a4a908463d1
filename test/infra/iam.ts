import { of } from "./program.ts";
import type { Graph } from "./run-program.ts";

interface Statement {
  actions: string[];
  resources: string[];
}

/** Where AWS has no other way than `*` at the end: names that are made later, by the service itself or by AWS. */
const JUSTIFIED = [
  // Objects: their keys are made as they are needed, and all of the bucket is Cairn's.
  { actions: /^s3:(Get|Put|Delete)Object$/, resource: /^arn:mock:aws:s3:\w+\/\*$/ },
  // Log streams: Lambda names one for each container.
  { actions: /^logs:(CreateLogStream|PutLogEvents)$/, resource: /^arn:mock:aws:cloudwatch:\w+:\*$/ },
];

/** What the role of a function or schedule may do. */
export function statementsOf(graph: Graph, role: string): Statement[] {
  const { inputs } = of(graph, "iam.Role")[role]!;
  const policies = inputs.inlinePolicies as { policy: string }[];
  return policies.flatMap(({ policy }) => JSON.parse(policy).Statement as Statement[]);
}

/** What roles may do that is wider than it must be, in words. */
export function overBroad(graph: Graph): string[] {
  const roles = Object.entries(of(graph, "iam.Role"));
  const managed = roles.flatMap(([name, { inputs }]) =>
    ((inputs.managedPolicyArns ?? []) as string[]).map((arn) => `${name}: managed policy ${arn}`),
  );
  const trusting = roles.filter(([, { inputs }]) => trustsOthers(inputs.assumeRolePolicy));
  const attached = Object.keys(of(graph, "iam.RolePolicyAttachment"));
  const wide = roles.flatMap(([name]) => statementsOf(graph, name).flatMap((each) => wideIn(name, each)));
  return [
    ...managed,
    ...attached.map((name) => `${name}: attached`),
    ...trusting.map(([name]) => `${name}: others may take it on`),
    ...wide,
  ];
}

function wideIn(role: string, { actions, resources }: Statement): string[] {
  return actions.flatMap((action) => [
    ...(action.includes("*") ? [`${role}: ${action}`] : []),
    ...resources
      .filter((resource) => resource.includes("*") && !isJustified(action, resource))
      .map((resource) => `${role}: ${action} on ${resource}`),
  ]);
}

function isJustified(action: string, resource: string): boolean {
  return JUSTIFIED.some((each) => each.actions.test(action) && each.resource.test(resource));
}

/** Anybody but one service of AWS. */
function trustsOthers(policy: unknown): boolean {
  const { Statement } = (typeof policy === "string" ? JSON.parse(policy) : policy) as {
    Statement: { Principal?: Record<string, unknown> }[];
  };
  return Statement.some(({ Principal }) => Object.keys(Principal ?? { nobody: 1 }).join() !== "Service");
}
