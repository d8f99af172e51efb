/** Which conversation of the document is shown, and what can be done with it. */
import { MessagesSquare, Plus } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import type { Conversation } from '../../electron/contract.ts';
import { bridge } from '../bridge/bridge.ts';
import { IconButton } from '../icon-button.tsx';
import { attempt, choose, deleteConversation, exportConversation, newConversation } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';

interface MenuProps {
  readonly document: string;
  readonly conversation: string | undefined;
}

const NONE: readonly Conversation[] = [];

export function ConversationMenu({ document, conversation }: MenuProps) {
  const conversations = useAppState((state) => state.conversations[document] ?? NONE);
  const current = conversations.find(({ id }) => id === conversation);
  const [renaming, setRenaming] = useState(false);
  return (
    <div className="conversations">
      {renaming && current ? (
        <Rename conversation={current} onEnd={() => setRenaming(false)} />
      ) : (
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger asChild>
            <button
              type="button"
              aria-label={`${strings.chat.menu}: ${current?.title ?? strings.chat.newConversation}`}
            >
              <MessagesSquare /> <span className="ellipsis">{current?.title ?? strings.chat.newConversation}</span>
            </button>
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
              <Choices document={document} conversations={conversations} conversation={conversation} />
              {current && <Actions document={document} current={current} onRename={() => setRenaming(true)} />}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      )}
      <IconButton label={strings.chat.newConversation} onClick={() => void newConversation(document)}>
        <Plus />
      </IconButton>
    </div>
  );
}

function Choices({
  document,
  conversations,
  conversation,
}: MenuProps & { readonly conversations: readonly Conversation[] }) {
  return (
    <>
      <DropdownMenu.Label className="small quiet">{strings.chat.conversations}</DropdownMenu.Label>
      <DropdownMenu.RadioGroup
        value={conversation ?? ''}
        onValueChange={(id) => void attempt(() => choose(document, id))}
      >
        {conversations.map(({ id, title }) => (
          <DropdownMenu.RadioItem key={id} value={id}>
            <DropdownMenu.ItemIndicator>✓</DropdownMenu.ItemIndicator>
            <span className="ellipsis">{title}</span>
          </DropdownMenu.RadioItem>
        ))}
      </DropdownMenu.RadioGroup>
    </>
  );
}

interface ActionsProps {
  readonly document: string;
  readonly current: Conversation;
  readonly onRename: () => void;
}

function Actions({ document, current, onRename }: ActionsProps) {
  const openDialog = useAppState((state) => state.openDialog);
  const remove = () =>
    openDialog({
      kind: 'confirm',
      title: strings.chat.deleteTitle,
      text: strings.chat.deleteConfirm(current.title),
      action: strings.chat.delete,
      run: () => void deleteConversation(document, current.id),
    });
  return (
    <>
      <DropdownMenu.Separator />
      <DropdownMenu.Item onSelect={onRename}>{strings.chat.rename}</DropdownMenu.Item>
      <DropdownMenu.Item onSelect={() => void exportConversation(current.id, 'markdown')}>
        {strings.chat.exportMarkdown}
      </DropdownMenu.Item>
      <DropdownMenu.Item onSelect={() => void exportConversation(current.id, 'json')}>
        {strings.chat.exportJson}
      </DropdownMenu.Item>
      <DropdownMenu.Item className="danger" onSelect={remove}>
        {strings.chat.delete}
      </DropdownMenu.Item>
    </>
  );
}

function Rename({ conversation, onEnd }: { readonly conversation: Conversation; readonly onEnd: () => void }) {
  const [title, setTitle] = useState(conversation.title);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onEnd();
        if (title.trim() !== '')
          void attempt(() => bridge.renameConversation({ conversation: conversation.id, title }));
      }}
    >
      <input
        aria-label={strings.chat.renameLabel}
        value={title}
        maxLength={200}
        // biome-ignore lint/a11y/noAutofocus: the reader has just asked to write here.
        autoFocus
        onChange={({ target }) => setTitle(target.value)}
        onBlur={onEnd}
        onKeyDown={({ key }) => key === 'Escape' && onEnd()}
      />
    </form>
  );
}
