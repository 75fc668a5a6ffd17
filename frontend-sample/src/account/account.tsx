// The viewer's account: what they are told, what they were told, and their data.

import { useEffect, useRef } from "preact/hooks";
import { texts } from "../ui/language.ts";
import { Deliveries } from "./deliveries.tsx";
import { DeleteAccount, ExportMyData, VideosFromBefore } from "./my-data.tsx";
import { Notifications } from "./notifications.tsx";

export function AccountDialog({ onClose }: { onClose: () => void }) {
  const t = texts.value;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);

  return (
    <dialog ref={dialog} class="details account" aria-labelledby="account-title" onClose={onClose}>
      <header>
        <h2 id="account-title">{t.account}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {t.close}
        </button>
      </header>
      <Notifications />
      <Deliveries />
      <section class="card">
        <h3>{t.myData}</h3>
        <ExportMyData />
        <VideosFromBefore />
        <DeleteAccount />
      </section>
    </dialog>
  );
}
