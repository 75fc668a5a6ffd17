// What is chosen, and what can be done with it.

import { sizeOf } from "../state/runs.ts";
import { allChosen, noneChosen } from "../state/viewing.ts";
import { useWords } from "../ui/page.ts";
import { useVideoTexts } from "./texts.ts";
import { useView, useViewing } from "./view.ts";

/** It stays on the screen while the gallery goes by. */
export function Toolbar({ count }: { count: number }) {
  const texts = useVideoTexts();
  const { t, number } = useWords();
  const choice = useView().store.part("choice");
  const chosen = useViewing((viewing) => sizeOf(viewing.choice.chosen));
  return (
    <div class="gallery-bar" role="toolbar" aria-label={texts.choose}>
      <p role="status">{chosen > 0 ? texts.chosen(chosen, number(chosen)) : t.frameCount(count)}</p>
      <span class="space" />
      {chosen < count && <button type="button" onClick={() => choice.change(allChosen, count)}>{texts.chooseAll}</button>}
      {chosen > 0 && <button type="button" onClick={() => choice.change(noneChosen)}>{texts.chooseNone}</button>}
    </div>
  );
}
