// A video as its own page shows it, and its pictures one by one.

import { graphql, problemFields, type ResultOf } from "./graphql.ts";
import { optionsFields } from "./options.ts";

const viewedFields = graphql(
  `fragment ViewedFields on VideoProcessing {
    id originalFileName sizeBytes status version createdAt startedAt completedAt expiresAt
    progress { percent framesExtracted framesExpected }
    failure { code reason retryable }
    media { durationSeconds width height codec framesPerSecond }
    options { ...OptionsFields }
    result { frameCount sizeBytes }
    storyboard { tileWidth tileHeight columns tiles sheets { url first count } }
  }`,
  [optionsFields],
);

export const ReadVideo = graphql(
  `query VideoPage($id: ID!) { video(id: $id) { __typename ...ViewedFields ...ProblemFields } }`,
  [viewedFields, problemFields],
);

export const WatchVideo = graphql(
  `subscription VideoOfPage($id: ID!) {
    videoStatus(id: $id) {
      __typename ...ViewedFields
      ... on VideoProcessing { latestTile }
      ... on Deleted { id }
      ...ProblemFields
    }
  }`,
  [viewedFields, problemFields],
);

/** Links are short-lived, so they are asked for when they are needed. */
export const ReadLinks = graphql(
  `query WaysOut($id: ID!) {
    video(id: $id) {
      __typename
      ... on VideoProcessing { result { downloadUrl tables { csvUrl cocoUrl } } }
      ...ProblemFields
    }
  }`,
  [problemFields],
);

export const ReadPictures = graphql(
  `query Frames($id: ID!, $first: Int!, $from: Int!) {
    video(id: $id) {
      __typename
      ... on VideoProcessing {
        result { frames(first: $first, fromIndex: $from) { edges { node { index timeSeconds fileName width height url } } } }
      }
      ...ProblemFields
    }
  }`,
  [problemFields],
);

export type Viewed = ResultOf<typeof viewedFields>;
type Answered = Extract<ResultOf<typeof ReadPictures>["video"], { __typename: "VideoProcessing" }>;
export type Picture = NonNullable<NonNullable<Answered["result"]>["frames"]>["edges"][number]["node"];
