// What the service accepts.

import { graphql, type ResultOf } from "./graphql.ts";

export const ReadLimits = graphql(
  `query Limits {
    serviceLimits { acceptedExtensions maxInlineUploadBytes optionRanges { option minimum maximum wholeNumber } }
  }`,
);

export type Limits = ResultOf<typeof ReadLimits>["serviceLimits"];
