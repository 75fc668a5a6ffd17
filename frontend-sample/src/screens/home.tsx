// What is here for who is signed in: the list, and each video's own page.

import { useLayoutEffect, useRef } from "preact/hooks";
import { videoAt } from "../state/page.ts";
import { later } from "../ui/later.tsx";
import { useStore } from "../ui/page.ts";
import { useList, Work } from "./work.tsx";

const VideoScreen = later(async () => (await import("./video.tsx")).VideoScreen);

/** While a video's page is shown the list stays as it is, out of sight: uploads go on, and whoever comes back finds all in its place. */
export function Home() {
  useList();
  const video = useStore(({ place }) => videoAt(place));
  const list = useRef<HTMLDivElement>(null);
  const wasShown = useRef(false);
  const left = useRef<{ video: string; y: number } | null>(null);
  // While this is drawn the list still has its place; afterwards nobody can tell where it was.
  if (video && list.current && !list.current.hidden) left.current = { video, y: scrollY };
  wasShown.current ||= !video;

  useLayoutEffect(() => {
    if (video) return scrollTo(0, 0);
    if (!left.current) return;
    scrollTo(0, left.current.y);
    list.current!.querySelector<HTMLElement>(`a[href="/videos/${CSS.escape(left.current.video)}"]`)?.focus();
  }, [video]);

  return (
    <>
      {wasShown.current && (
        <div ref={list} hidden={video !== null}>
          <Work />
        </div>
      )}
      {video && <VideoScreen key={video} id={video} />}
    </>
  );
}
