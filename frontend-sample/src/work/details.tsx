// A look inside a video: a few of its frames, what was found in the file, and processing it again in another way.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { graphql, type Problem, problemFields, type ResultOf } from "../api/graphql.ts";
import { linked } from "../api/places.ts";
import { isExpired } from "../api/video.ts";
import { Alert, Dialog, useOnce } from "../ui/controls.tsx";
import { useAnswer, usePage, useWords } from "../ui/page.ts";
import { chosenOf, optionsFields, optionsOf } from "./options.ts";
import { OptionsFields } from "./options-fields.tsx";
import { Pictures } from "./pictures.tsx";

const Details = graphql(
  `query Details($id: ID!) {
    video(id: $id) {
      __typename
      ... on VideoProcessing {
        id originalFileName sizeBytes createdAt completedAt status expiresAt
        media { durationSeconds width height codec framesPerSecond }
        options { ...OptionsFields }
        result { frameCount sizeBytes contactSheetUrl }
      }
      ...ProblemFields
    }
  }`,
  [optionsFields, problemFields],
);

type Detailed = Extract<ResultOf<typeof Details>["video"], { __typename: "VideoProcessing" }>;

export function DetailsDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { t, sentence } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const [outcome] = useAnswer(Details, { id });
  const video = outcome?.answer;
  const problem = outcome?.problem;

  return (
    <Dialog dialog={dialog} class="details" id="details-title" title={video?.originalFileName ?? t.look} onClose={onClose}>
      {problem && <p role="alert">{sentence(problem)}</p>}
      {video?.result?.contactSheetUrl && (
        <img class="sheet" src={linked(video.result.contactSheetUrl)} alt={t.sheetOf(video.originalFileName)} />
      )}
      {video?.result && <Pictures id={id} name={video.originalFileName} />}
      {video && <Facts video={video} />}
      {video && !isExpired(video) && <Again video={video} done={() => dialog.current?.close()} />}
    </Dialog>
  );
}

function Facts({ video: { media, result, ...video } }: { video: Detailed }) {
  const { t, duration, moment, number, size } = useWords();
  const { details, frameCount } = t;
  const facts = [
    [details.size, media && `${number(media.width)} × ${number(media.height)}`],
    [details.duration, media?.durationSeconds && duration(media.durationSeconds)],
    [details.rate, media?.framesPerSecond && number(media.framesPerSecond)],
    [details.codec, media?.codec],
    [details.sent, `${moment(video.createdAt)}, ${size(video.sizeBytes)}`],
    [details.ended, video.completedAt && moment(video.completedAt)],
    [isExpired({ ...video, result }) ? details.expired : details.kept, video.expiresAt && moment(video.expiresAt)],
    [details.zip, result && `${frameCount(result.frameCount)}, ${size(result.sizeBytes)}`],
  ];
  return (
    <dl>
      {facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function Again({ video, done }: { video: Detailed; done: () => void }) {
  const { t } = useWords();
  const { list } = usePage();
  const chosen = useSignal(chosenOf(video.options));
  const problem = useSignal<Problem | null>(null);

  const [again, busy] = useOnce(async () => {
    problem.value = await list.reprocess(video.id, optionsOf(chosen.value));
    if (!problem.value) done();
  });

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    void again();
  }

  return (
    <form onSubmit={submit}>
      <h3>{t.again}</h3>
      <OptionsFields chosen={chosen} />
      <Alert problem={problem.value} />
      <button class="primary" aria-disabled={busy}>{t.again}</button>
    </form>
  );
}
