// How frames were taken, as the API says it.

import { graphql, type ResultOf } from "./graphql.ts";

export const optionsFields = graphql(
  `fragment OptionsFields on ExtractionOptions {
    select { framesPerSecond everySeconds everyNthFrame count timestamps keyframesOnly sceneChange }
    format quality maxWidth maxHeight startSeconds endSeconds
    distinct sharpest skipBlack minSceneSeconds aspect crop { left top width height }
  }`,
);

export type Applied = ResultOf<typeof optionsFields>;
