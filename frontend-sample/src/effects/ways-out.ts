// Other ways out of a ZIP than the whole of it: chosen pictures, tables, and what a worker makes of them.

import { graphql, type Problem, problemFields, type ResultOf } from "../api/graphql.ts";
import { linked } from "../api/places.ts";
import { ReadLinks } from "../api/viewed.ts";
import type { Runs } from "../state/runs.ts";
import type { Ask } from "./client.ts";

const exportFields = graphql(`fragment ExportFields on FramesExport { id kind status url failure { code reason retryable } }`);

const SelectFrames = graphql(
  `mutation SelectFrames($input: SelectFramesInput!) {
    selectFrames(input: $input) { __typename ... on FramesSelection { url } ...ProblemFields }
  }`,
  [problemFields],
);

const CreateExport = graphql(
  `mutation CreateFramesExport($input: CreateFramesExportInput!) {
    createFramesExport(input: $input) { __typename ...ExportFields ...ProblemFields }
  }`,
  [exportFields, problemFields],
);

const ReadExport = graphql(
  `query FramesExport($id: ID!) { framesExport(id: $id) { __typename ...ExportFields ...ProblemFields } }`,
  [exportFields, problemFields],
);

export type ExportKind = ResultOf<typeof exportFields>["kind"];
export type Failure = NonNullable<ResultOf<typeof exportFields>["failure"]>;

/** Where it is, or what the matter is. */
export type Way = { url: string } | { problem: Problem } | { failure: Failure };

const LOOK_EVERY = 1000;

const rangesOf = (runs: Runs) => runs.map(([first, last]) => ({ first, last }));

const way = (url: string | null | undefined, problem: Problem | null): Way =>
  url ? { url: linked(url) } : { problem: problem ?? { code: "INTERNAL" } };

export function createWaysOut(ask: Ask, videoId: string) {
  return {
    async whole(): Promise<Way> {
      const { answer, problem } = await ask(ReadLinks, { id: videoId });
      return way(answer?.result?.downloadUrl, problem);
    },

    async table(kind: "csvUrl" | "cocoUrl"): Promise<Way> {
      const { answer, problem } = await ask(ReadLinks, { id: videoId });
      return way(answer?.result?.tables[kind], problem);
    },

    async chosen(runs: Runs): Promise<Way> {
      const { answer, problem } = await ask(SelectFrames, { input: { videoId, ranges: rangesOf(runs) } });
      return way(answer?.url, problem);
    },

    /** Have something made of the chosen pictures, or of all where none are, and wait until it is. */
    async made(kind: ExportKind, runs: Runs): Promise<Way> {
      const input = { videoId, kind, ...(runs.length > 0 ? { ranges: rangesOf(runs) } : {}) };
      let { answer, problem } = await ask(CreateExport, { input });
      while (answer && (answer.status === "WAITING" || answer.status === "MAKING")) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
        ({ answer, problem } = await ask(ReadExport, { id: answer.id }));
      }
      return answer?.failure ? { failure: answer.failure } : way(answer?.url, problem);
    },
  };
}
