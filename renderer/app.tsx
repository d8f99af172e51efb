/** The window: library, conversation, document; files may be dropped or pasted anywhere in it. */

import { Tooltip } from 'radix-ui';
import { useEffect, useState } from 'react';
import { Chat } from './chat/chat.tsx';
import { Dialogs } from './dialogs/dialogs.tsx';
import { DocumentPane } from './document/document-pane.tsx';
import { Library } from './library/library.tsx';
import { Notices } from './notices.tsx';
import { addFiles } from './state/actions.ts';
import { useAppState } from './state/use-store.ts';
import { strings } from './strings.ts';

export function App() {
  const paneOpen = useAppState((state) => state.paneOpen && state.document !== undefined);
  const dialogOpen = useAppState((state) => state.dialog !== undefined);
  const connected = useAppState((state) => state.connected);
  const dropping = useDroppedFiles();
  usePastedText();
  return (
    <Tooltip.Provider delayDuration={200}>
      <button type="button" className="skip" onClick={() => document.getElementById('question')?.focus()}>
        {strings.skipToChat}
      </button>
      {!connected && <output className="banner">{strings.connectionLost}</output>}
      <div className="window" data-pane={paneOpen}>
        <Library />
        <Chat />
        {paneOpen && <DocumentPane />}
      </div>
      {dropping && (
        <div className="drop-target" aria-hidden="true">
          <p>{strings.library.drop}</p>
          <p>{strings.library.dropHint}</p>
        </div>
      )}
      {!dialogOpen && <Notices />}
      <Dialogs />
    </Tooltip.Provider>
  );
}

/** Whether files are being dragged over the window; adds them when they are let go. */
function useDroppedFiles(): boolean {
  const [depth, setDepth] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const on = (type: 'dragenter' | 'dragleave' | 'dragover' | 'drop', react: (event: DragEvent) => void) =>
      window.addEventListener(type, (event) => hasFiles(event) && react(event), { signal });
    on('dragenter', () => setDepth((before) => before + 1));
    on('dragleave', () => setDepth((before) => Math.max(0, before - 1)));
    on('dragover', (event) => event.preventDefault());
    on('drop', (event) => {
      event.preventDefault();
      setDepth(0);
      void addFiles([...(event.dataTransfer?.files ?? [])].map((file) => ({ name: file.name, content: file })));
    });
    return () => controller.abort();
  }, []);
  return depth > 0;
}

/** Files and long texts that are pasted outside of a field become documents. */
function usePastedText(): void {
  useEffect(() => {
    const controller = new AbortController();
    const paste = (event: ClipboardEvent) => {
      const inField = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
      const files = [...(event.clipboardData?.files ?? [])];
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (files.length > 0) void addFiles(files.map((file) => ({ name: file.name, content: file })));
      else if (!inField && text.trim() !== '')
        void addFiles([{ name: `${strings.library.pasteDefault}.txt`, content: new Blob([text]) }]);
      else return;
      event.preventDefault();
    };
    window.addEventListener('paste', paste, { signal: controller.signal });
    return () => controller.abort();
  }, []);
}
