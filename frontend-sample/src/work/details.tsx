// A look inside a video: a few of its frames, what was found in the file, and processing it again in another way.

import { useSignal } from "@preact/signals";
import { useMutation, useQuery } from "@urql/preact";
import { useEffect, useRef } from "preact/hooks";
import { problemOf } from "../api/client.ts";
import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import { linked } from "../api/places.ts";
import { isExpired, isVideo, videoFields } from "../api/video.ts";
import { useOnce } from "../ui/action.tsx";
import { duration, moment, number, sentence, size, texts } from "../ui/language.ts";
import { applyLater } from "./list.ts";
import { type Chosen, chosenOf, DEFAULTS, OptionsFields, optionsOf } from "./options.tsx";

export const optionsFields = graphql(`
  fragment OptionsFields on ExtractionOptions {
    select {
      framesPerSecond
      everySeconds
      everyNthFrame
      count
      timestamps
      keyframesOnly
      sceneChange
    }
    format
    quality
    maxWidth
    maxHeight
    startSeconds
    endSeconds
  }
`);

const Details = graphql(
  `
    query Details($id: ID!) {
      video(id: $id) {
        __typename
        ... on VideoProcessing {
          id
          originalFileName
          sizeBytes
          createdAt
          completedAt
          status
          expiresAt
          media {
            durationSeconds
            width
            height
            codec
            framesPerSecond
          }
          options {
            ...OptionsFields
          }
          result {
            frameCount
            sizeBytes
            contactSheetUrl
          }
        }
        ...ProblemFields
      }
    }
  `,
  [optionsFields, problemFields],
);

const ReprocessVideo = graphql(
  `
    mutation ReprocessVideo($id: ID!, $options: ExtractionOptionsInput) {
      reprocessVideo(id: $id, options: $options) {
        __typename
        ...VideoFields
        ...ProblemFields
      }
    }
  `,
  [videoFields, problemFields],
);

/** Process again: gives what is the matter, if anything is. */
export function useReprocess() {
  const [, reprocess] = useMutation(ReprocessVideo);
  return async (id: string, chosen?: Chosen): Promise<Problem | null> => {
    const take = applyLater();
    const { data, error } = await reprocess({ id, options: chosen ? optionsOf(chosen) : null });
    const answer = data?.reprocessVideo;
    if (!answer) return problemOf(error!);
    if (!isVideo(answer)) return answer;
    take(answer);
    return null;
  };
}

export function DetailsDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const t = texts.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const chosen = useSignal<Chosen>(DEFAULTS);
  const problem = useSignal<Problem | null>(null);
  const reprocess = useReprocess();
  const [{ data, error }] = useQuery({ query: Details, variables: { id }, requestPolicy: "network-only" });
  const video = data?.video.__typename === "VideoProcessing" ? data.video : null;
  const missing = data?.video.__typename === "Problem" ? data.video : error ? problemOf(error) : null;

  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    if (video) chosen.value = chosenOf(video.options);
  }, [video]);

  const [again, busy] = useOnce(async () => {
    problem.value = await reprocess(id, chosen.value);
    if (!problem.value) dialog.current?.close();
  });

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    void again();
  }

  const facts = video && [
    [t.details.size, video.media && `${number(video.media.width)} × ${number(video.media.height)}`],
    [t.details.duration, video.media?.durationSeconds && duration(video.media.durationSeconds)],
    [t.details.rate, video.media?.framesPerSecond && number(video.media.framesPerSecond)],
    [t.details.codec, video.media?.codec],
    [t.details.sent, `${moment(video.createdAt)}, ${size(video.sizeBytes)}`],
    [t.details.ended, video.completedAt && moment(video.completedAt)],
    [isExpired(video) ? t.details.expired : t.details.kept, video.expiresAt && moment(video.expiresAt)],
    [t.details.zip, video.result && `${t.frameCount(video.result.frameCount)}, ${size(video.result.sizeBytes)}`],
  ];

  return (
    <dialog ref={dialog} class="details" aria-labelledby="details-title" onClose={onClose}>
      <header>
        <h2 id="details-title">{video?.originalFileName ?? t.look}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {t.close}
        </button>
      </header>
      {missing && <p role="alert">{sentence(missing)}</p>}
      {video?.result?.contactSheetUrl && (
        <img class="sheet" src={linked(video.result.contactSheetUrl)} alt={t.sheetOf(video.originalFileName)} />
      )}
      {facts && (
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
      )}
      {video && !isExpired(video) && (
        <form onSubmit={submit}>
          <h3>{t.again}</h3>
          <OptionsFields chosen={chosen} />
          <p role="alert" class="problem">
            {problem.value && sentence(problem.value)}
          </p>
          <button class="primary" aria-disabled={busy}>
            {t.again}
          </button>
        </form>
      )}
    </dialog>
  );
}
