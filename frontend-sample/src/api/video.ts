// A processing, as the list shows it.

import { graphql, type ResultOf } from "./graphql.ts";

export const videoFields = graphql(`
  fragment VideoFields on VideoProcessing {
    id
    originalFileName
    sizeBytes
    status
    version
    createdAt
    progress {
      percent
      framesExtracted
      framesExpected
    }
    failure {
      code
      reason
      retryable
    }
    result {
      frameCount
      sizeBytes
      contactSheetUrl
    }
  }
`);

export type Video = ResultOf<typeof videoFields>;

export function isVideo(answer: object): answer is Video {
  return "version" in answer;
}

export function isUnfinished(video: Video): boolean {
  return video.status === "PENDING" || video.status === "PROCESSING";
}
