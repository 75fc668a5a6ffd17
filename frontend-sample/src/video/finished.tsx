// A finished video: the film to scrub, its gallery, and one picture in full.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import type { Viewed } from "../api/viewed.ts";
import { useWords } from "../ui/page.ts";
import { Gallery } from "./gallery.tsx";
import { Large } from "./large.tsx";
import { Stage } from "./stage.tsx";
import { useVideoTexts } from "./texts.ts";
import { Toolbar } from "./toolbar.tsx";
import { useLarge } from "./use-large.ts";
import { useView, useViewing } from "./view.ts";
import { DownloadAll, OtherWays } from "./ways-out.tsx";

interface FinishedProps {
  video: Viewed;
  result: NonNullable<Viewed["result"]>;
  children: ComponentChildren;
}

export function Finished({ video, result, children }: FinishedProps) {
  const texts = useVideoTexts();
  const { t, size } = useWords();
  const place = useViewing((viewing) => viewing.open);
  const scroller = useRef<HTMLElement>(null);
  const [show, close] = useLarge(scroller);
  const { originalFileName: name, media } = video;
  const count = result.frameCount;
  const ratio = media ? media.width / media.height : 16 / 9;
  const shared = { count, ratio, board: video.storyboard };
  return (
    <>
      <div class="video-head">
        <Stage {...shared} open={show} />
        <div class="video-side">
          <p class="status" data-state="COMPLETED">
            <span class="dot" />
            <strong>{t.status.COMPLETED}</strong>
            <span class="numbers">{t.frameCount(count)} · {size(result.sizeBytes)}</span>
          </p>
          <DownloadAll />
          <OtherWays />
          {children}
        </div>
      </div>
      <section ref={scroller} class="frames" aria-label={texts.gallery(name)}>
        <Toolbar count={count} />
        <LostPictures />
        <p id="gallery-hint" class="unseen">{texts.galleryHint}</p>
        <Gallery {...shared} name={name} open={show} />
      </section>
      {place !== null && place <= count && <Large count={count} board={video.storyboard} place={place} go={show} close={close} />}
    </>
  );
}

function LostPictures() {
  const { t } = useWords();
  const texts = useVideoTexts();
  const { store, want } = useView();
  const isLost = useViewing(({ pictures }) => pictures.isLost);
  if (!isLost) return null;
  const { at } = store.part("choice").now();
  return (
    <p role="alert" class="problem">
      {texts.lost} <button type="button" onClick={() => want(at, at)}>{t.retry}</button>
    </p>
  );
}
