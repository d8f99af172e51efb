/** The browser's own modal dialog: on top of everything, the rest inert, Escape closes it, focus goes back by itself. */
import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { Notices } from '../notices.tsx';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';

interface ModalProps {
  readonly title: string;
  readonly children: ReactNode;
}

export function Modal({ title, children }: ModalProps) {
  const close = useAppState((state) => state.closeDialog);
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    // Not by the `close` event: it comes late, when another dialog may be open already.
    <dialog ref={dialog} aria-labelledby={id} onCancel={close}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="icon" aria-label={strings.close} onClick={close}>
          <X />
        </button>
      </header>
      {children}
      {/* Everything outside is inert and behind the backdrop: what goes wrong in here is told in here. */}
      <Notices />
    </dialog>
  );
}
