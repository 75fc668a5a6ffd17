// The list of all videos: what is asked of it, its lines, and what can be done with many of them.

import { useEffect, useRef } from "preact/hooks";
import { isNarrowed } from "../state/view.ts";
import { failedUploads, underWay } from "../state/views.ts";
import { keepFocus } from "../ui/focus.ts";
import { later } from "../ui/later.tsx";
import { usePage, useStore, useWords } from "../ui/page.ts";
import { Filters } from "./filters.tsx";
import { FirstVisit } from "./first-visit.tsx";
import { usePosition } from "./position.ts";
import { Row } from "./row.tsx";

const Chosen = later(async () => (await import("./chosen.tsx")).Chosen);

export function MyVideos({ onSample }: { onSample: (sample: File) => void }) {
  const { t, sentence } = useWords();
  const { list, lines } = usePage();
  const reading = useStore((state) => state.list.reading);
  const isAny = useStore(({ list: now }) => now.entries.length > 0 || isNarrowed(now.view));
  const isAnyChosen = useStore(({ list: now }) => now.chosen.size + now.together.length > 0);
  const heading = useRef<HTMLHeadingElement>(null);
  const rows = useRef<HTMLUListElement>(null);
  useEffect(() => keepFocus(rows.current!, () => heading.current), []);
  usePosition(rows);

  return (
    <section aria-labelledby="list-title">
      <div class="list-head">
        <h1 id="list-title" ref={heading} tabIndex={-1}>{t.myVideos}</h1>
        <ListButtons />
      </div>
      {isAny && <Filters />}
      {typeof reading === "object" && (
        <p role="alert" class="problem">
          {t.listFailed} {sentence(reading)}{" "}
          <button type="button" onClick={list.read}>{t.retry}</button>
        </p>
      )}
      <ul class="rows" ref={rows}>
        {lines.value.map(({ key, others, isOpen, isRun }) => (
          <Row key={key} of={key} others={others} isOpen={isOpen} isRun={isRun} />
        ))}
      </ul>
      {lines.value.length === 0 && <Nothing onSample={onSample} />}
      <Older />
      {isAnyChosen && <Chosen />}
    </section>
  );
}

function Nothing({ onSample }: { onSample: (sample: File) => void }) {
  const { t } = useWords();
  const { looking } = usePage();
  const isReading = useStore((state) => state.list.reading === "first");
  const narrowed = useStore((state) => isNarrowed(state.list.view));
  if (isReading) return <p class="hint">{t.loading}</p>;
  if (!narrowed) return <FirstVisit onSample={onSample} />;
  return (
    <p class="hint">
      {t.list.nothing}{" "}
      <button type="button" onClick={() => looking.look({ search: "", statuses: [], from: "", to: "" })}>{t.list.showAll}</button>
    </p>
  );
}

/** More are read when the end of the list comes near; the button is for whoever goes by keyboard, or where reading failed. */
function Older() {
  const { t } = useWords();
  const { list } = usePage();
  const hasOlder = useStore((state) => state.list.hasOlder);
  const loaded = useStore((state) => state.list.loaded);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!button.current) return;
    const near = (seen: readonly IntersectionObserverEntry[]): void => {
      if (seen.some(({ isIntersecting }) => isIntersecting)) void list.readOlder();
    };
    const watching = new IntersectionObserver(near, { rootMargin: "600px" });
    watching.observe(button.current);
    return () => watching.disconnect();
  }, [hasOlder, loaded]);
  return hasOlder ? <button type="button" class="older" ref={button} onClick={list.readOlder}>{t.older}</button> : null;
}

function ListButtons() {
  const { t } = useWords();
  const { allowNotifications, uploads } = usePage();
  const mayNotify = useStore(({ notifications, list }) => notifications === "default" && underWay(list) !== null);
  const failed = useStore(({ list }) => failedUploads(list).length);
  return (
    <>
      {mayNotify && (
        <button type="button" onClick={allowNotifications}>{t.notify}</button>
      )}
      {failed > 1 && (
        <button type="button" onClick={uploads.retryAll}>{t.retryAll(failed)}</button>
      )}
    </>
  );
}
