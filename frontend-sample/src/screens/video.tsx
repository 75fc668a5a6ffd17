// A video's own page: its frames, what was done, and what can be done now.

import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Problem } from "../api/graphql.ts";
import { isExpired } from "../api/video.ts";
import type { Viewed } from "../api/viewed.ts";
import { createView } from "../effects/viewing.ts";
import { Link } from "../ui/controls.tsx";
import { usePage, useStore, useWords } from "../ui/page.ts";
import { Again } from "../video/again.tsx";
import { Facts } from "../video/facts.tsx";
import { Finished } from "../video/finished.tsx";
import { Failed, Running } from "../video/others.tsx";
import { useVideoTexts } from "../video/texts.ts";
import { useView, useViewing, ViewContext } from "../video/view.ts";

export function VideoScreen({ id }: { id: string }) {
  const page = usePage();
  const view = useMemo(() => createView(page, id), []);
  const isOver = useStore(({ session }) => session.isExpired);
  const connections = useStore(({ connection }) => connection.count);
  useEffect(() => {
    if (!isOver) void view.read();
  }, [isOver, connections]);
  useEffect(() => (isOver ? undefined : view.watch()), [isOver]);
  return (
    <ViewContext.Provider value={view}>
      <Shown />
    </ViewContext.Provider>
  );
}

function Shown() {
  const texts = useVideoTexts();
  const { store, goBack } = usePage();
  const video = useViewing((viewing) => viewing.video);
  const problem = useViewing((viewing) => viewing.problem);
  const heading = useRef<HTMLHeadingElement>(null);
  const name = video?.originalFileName;
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    store.part("title").change(() => name ?? null);
    return () => store.part("title").change(() => null);
  }, [name]);

  return (
    <article class="video-page">
      <p class="way-back">
        <Link to="/" onFollow={goBack}>← {texts.back}</Link>
      </p>
      <h1 ref={heading} tabIndex={-1}>{name ?? (problem ? texts.gone : texts.loading)}</h1>
      {problem && <Lost problem={problem} />}
      {video && problem?.code !== "VIDEO_NOT_FOUND" && <Video video={video} />}
    </article>
  );
}

/** Nothing can be shown, or nothing newer: why, and what to do. */
function Lost({ problem }: { problem: Problem }) {
  const { t, sentence } = useWords();
  const { read } = useView();
  const isFinal = ["VIDEO_NOT_FOUND", "VIDEO_NOT_BELONGS_TO_USER", "INVALID_INPUT"].includes(problem.code);
  return (
    <p role="alert" class="problem">
      {problem.code === "INVALID_INPUT" ? t.problems.VIDEO_NOT_FOUND : sentence(problem)}{" "}
      {!isFinal && <button type="button" onClick={read}>{t.retry}</button>}
    </p>
  );
}

function Video({ video }: { video: Viewed }) {
  const texts = useVideoTexts();
  const { status, result } = video;
  const expired = isExpired(video);
  const more = (
    <>
      <details class="card">
        <summary>{texts.done}</summary>
        <Facts video={video} />
      </details>
      {!expired && (status === "COMPLETED" || status === "FAILED") && (
        <details class="card">
          <summary>{texts.again}</summary>
          <Again key={video.version} video={video} />
        </details>
      )}
    </>
  );
  if (result) return <Finished video={video} result={result}>{more}</Finished>;
  return (
    <>
      {status === "PENDING" || status === "PROCESSING" ? <Running video={video} /> : <Failed video={video} expired={expired} />}
      {more}
    </>
  );
}
