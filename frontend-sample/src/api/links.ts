// Where a video's ZIP and its picture are. Links are short-lived, so they are asked for when they are needed.

import { graphql, problemFields } from "./graphql.ts";

export const Links = graphql(
  `query Links($id: ID!) {
    video(id: $id) { __typename ... on VideoProcessing { result { downloadUrl contactSheetUrl } } ...ProblemFields }
  }`,
  [problemFields],
);
