// How the work stands.

import { graphql, problemFields, type ResultOf } from "../api/graphql.ts";

export const ReadOverview = graphql(
  `query Overview {
    overview {
      __typename
      ... on Overview {
        pending pendingBytes processing expiredLeases oldestPending paused allPaused pausedUsers
        failures { code count } workers { name slots running }
      }
      ...ProblemFields
    }
  }`,
  [problemFields],
);

export type Overview = Extract<ResultOf<typeof ReadOverview>["overview"], { __typename: "Overview" }>;
