// Documents are typed by the committed schema.graphql: a field that is not there does not compile.

import { initGraphQLTada, type ResultOf } from "gql.tada";
import type { introspection } from "./graphql-env.d.ts";

export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { DateTime: string; BigInt: number; Base64: string; Upload: File };
  disableMasking: true;
}>();

export type { ResultOf, VariablesOf } from "gql.tada";

/** How frames are taken, as the API takes it. */
export type Options = ReturnType<typeof graphql.scalar<"ExtractionOptionsInput">> | null;

/** An expected error, as the API gives it in place of what was asked for. */
export const problemFields = graphql(`fragment ProblemFields on Problem { code message field retryAfterSeconds }`);

/** Why something could not be done: the API's problems, and those that only a client knows of. */
export interface Problem {
  code: ResultOf<typeof problemFields>["code"] | "NETWORK" | "UNAUTHENTICATED" | "INTERNAL" | "CUT_TWICE" | "UNREADABLE";
  /** The service's own sentence, in English. */
  message?: string;
  field?: readonly string[] | null;
  retryAfterSeconds?: number | null;
}
