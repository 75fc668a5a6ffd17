// Processings, as operators see them, and what is done with one.

import { graphql, problemFields } from "../api/graphql.ts";
import { doneFields } from "./board.ts";

export const ReadJobs = graphql(
  `query Jobs($status: [ProcessingStatus!], $code: FailureCode) {
    jobs(first: 50, status: $status, code: $code) {
      edges {
        node {
          id originalFileName ownerEmail attempt paused completedAt progress { percent } failure { code reason retryable }
        }
      }
    }
  }`,
);

export const RetryJob = graphql(
  `mutation RetryJob($id: ID!) { retryJob(id: $id) { __typename ...DoneFields ...ProblemFields } }`,
  [doneFields, problemFields],
);

export const RetryFailedJobs = graphql(
  `mutation RetryFailedJobs($code: FailureCode!) {
    retryFailedJobs(code: $code) { __typename ...DoneFields ...ProblemFields }
  }`,
  [doneFields, problemFields],
);

export const CancelJob = graphql(
  `mutation CancelJob($id: ID!) { cancelJob(id: $id) { __typename ...DoneFields ...ProblemFields } }`,
  [doneFields, problemFields],
);

export const ReleaseJob = graphql(
  `mutation ReleaseJob($id: ID!) { releaseJob(id: $id) { __typename ...DoneFields ...ProblemFields } }`,
  [doneFields, problemFields],
);
