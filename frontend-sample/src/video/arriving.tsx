// Pictures of a video that is being processed, as they are made.

import { useEffect, useRef } from "preact/hooks";
import { linked } from "../api/places.ts";
import type { Viewed } from "../api/viewed.ts";
import type { Arrived } from "../state/viewing.ts";
import { useWords } from "../ui/page.ts";
import { useVideoTexts } from "./texts.ts";
import { useViewing } from "./view.ts";

export function Arriving({ board }: { board: Viewed["storyboard"] }) {
  const texts = useVideoTexts();
  const { number } = useWords();
  const arrived = useViewing((viewing) => viewing.arrived);
  if (arrived.length === 0 && !board) return null;
  return (
    <section class="arriving" aria-label={texts.arriving}>
      {arrived.length > 0 && (
        <div class="arrived" role="img" aria-label={texts.newest}>
          {arrived.map((one) => <Small key={one.number} jpeg={one.jpeg} />)}
        </div>
      )}
      {board?.sheets.map(({ url, first, count }) => (
        <img key={first} src={linked(url)} alt={texts.sheet(number(first + 1), number(first + count))} decoding="async" />
      ))}
    </section>
  );
}

/** Its bytes came with the word of it; a canvas shows them where the page's policy lets no image have them. */
function Small({ jpeg }: Pick<Arrived, "jpeg">) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const bytes = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
    createImageBitmap(new Blob([bytes], { type: "image/jpeg" })).then(
      (bitmap) => {
        if (!canvas.current) return;
        canvas.current.width = bitmap.width;
        canvas.current.height = bitmap.height;
        canvas.current.getContext("2d")!.drawImage(bitmap, 0, 0);
        bitmap.close();
      },
      // A picture that is missing speaks for itself.
      () => {},
    );
  }, []);
  return <canvas ref={canvas} />;
}
