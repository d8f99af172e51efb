/** The one dialog that is open, if any. */

import { useState } from 'react';
import { wordsFor } from '../../engine/words/words.ts';
import { bridge } from '../bridge/bridge.ts';
import { DetailsDialog } from '../details/details-dialog.tsx';
import { RecogniseDialog } from '../details/recognise-dialog.tsx';
import { ExploreDialog } from '../models/explore-dialog.tsx';
import { ModelsDialog } from '../models/models-dialog.tsx';
import { SettingsDialog } from '../settings/settings-dialog.tsx';
import { addFiles, attempt } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import type { Dialog } from '../state/view.ts';
import { strings } from '../strings.ts';
import { FitDialog } from './fit-dialog.tsx';
import { Modal } from './modal.tsx';

export function Dialogs() {
  const dialog = useAppState((state) => state.dialog);
  if (dialog?.kind === 'settings') return <SettingsDialog />;
  if (dialog?.kind === 'models') return <ModelsDialog />;
  if (dialog?.kind === 'explore') return <ExploreDialog model={dialog.model} />;
  if (dialog?.kind === 'paste') return <PasteDialog />;
  if (dialog?.kind === 'fit') return <FitDialog document={dialog.document} />;
  if (dialog?.kind === 'password') return <PasswordDialog document={dialog.document} />;
  if (dialog?.kind === 'recognise') return <RecogniseDialog document={dialog.document} />;
  if (dialog?.kind === 'details') return <DetailsDialog document={dialog.document} />;
  if (dialog?.kind === 'link') return <LinkDialog address={dialog.address} />;
  if (dialog?.kind === 'confirm') return <ConfirmDialog dialog={dialog} />;
  return null;
}

function ConfirmDialog({ dialog }: { readonly dialog: Extract<Dialog, { kind: 'confirm' }> }) {
  const close = useAppState((state) => state.closeDialog);
  return (
    <Modal title={dialog.title}>
      <p>{dialog.text}</p>
      <menu>
        <button type="button" onClick={close}>
          {strings.cancel}
        </button>
        <button
          type="button"
          className="danger"
          onClick={() => {
            close();
            dialog.run();
          }}
        >
          {dialog.action}
        </button>
      </menu>
    </Modal>
  );
}

function PasteDialog() {
  const close = useAppState((state) => state.closeDialog);
  const [name, setName] = useState(strings.library.pasteDefault);
  const [text, setText] = useState('');
  return (
    <Modal title={strings.library.paste}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          close();
          void addFiles([{ name: `${name.trim() || strings.library.pasteDefault}.txt`, content: new Blob([text]) }]);
        }}
      >
        <p className="quiet small">{strings.library.pasteHint}</p>
        <label>
          {strings.library.pasteTitle}
          <input value={name} maxLength={200} onChange={({ target }) => setName(target.value)} />
        </label>
        <label>
          {strings.library.pasteText}
          <textarea rows={10} value={text} onChange={({ target }) => setText(target.value)} />
        </label>
        <menu>
          <button type="submit" className="primary" disabled={text.trim() === ''}>
            {strings.library.pasteAdd}
          </button>
        </menu>
      </form>
    </Modal>
  );
}

function PasswordDialog({ document }: { readonly document: string }) {
  const close = useAppState((state) => state.closeDialog);
  const failure = useAppState((state) => state.documents[document]?.failure);
  const [password, setPassword] = useState('');
  return (
    <Modal title={strings.password.title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          close();
          void attempt(() => bridge.unlock({ document, password }));
        }}
      >
        {failure?.code === 'password-wrong' && <p className="failure">{wordsFor(failure, 'app').cause}</p>}
        <label>
          {strings.password.label}
          <input
            type="password"
            autoComplete="off"
            value={password}
            onChange={({ target }) => setPassword(target.value)}
          />
        </label>
        <p className="quiet small">{strings.password.hint}</p>
        <menu>
          <button type="submit" className="primary" disabled={password === ''}>
            {strings.password.open}
          </button>
        </menu>
      </form>
    </Modal>
  );
}

function LinkDialog({ address }: { readonly address: string }) {
  const close = useAppState((state) => state.closeDialog);
  return (
    <Modal title={strings.link.title}>
      <p>{strings.link.confirm}</p>
      <p className="address">{address}</p>
      <menu>
        <button type="button" onClick={close}>
          {strings.cancel}
        </button>
        <button
          type="button"
          className="primary"
          onClick={() => {
            close();
            window.open(address, '_blank', 'noopener,noreferrer');
          }}
        >
          {strings.link.open}
        </button>
      </menu>
    </Modal>
  );
}
