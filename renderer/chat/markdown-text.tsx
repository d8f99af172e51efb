/** Markdown of the model: no pictures, no HTML, and links only after a question, since a document can make the model write them. */
import Markdown, { type Components } from 'react-markdown';
import gfm from 'remark-gfm';
import { useAppState } from '../state/use-store.ts';

const PLUGINS = [gfm];
const NOT_SHOWN = ['img'];

function Link({ href = '', children }: { readonly href?: string; readonly children?: React.ReactNode }) {
  const openDialog = useAppState((state) => state.openDialog);
  if (!href.startsWith('https://')) return <span>{children}</span>;
  return (
    <a
      href={href}
      onClick={(event) => {
        event.preventDefault();
        openDialog({ kind: 'link', address: href });
      }}
    >
      {children}
    </a>
  );
}

const COMPONENTS: Components = { a: ({ href = '', children }) => <Link href={href}>{children}</Link> };

export function MarkdownText({ text }: { readonly text: string }) {
  return (
    <div className="markdown">
      <Markdown remarkPlugins={PLUGINS} components={COMPONENTS} disallowedElements={NOT_SHOWN} skipHtml>
        {text}
      </Markdown>
    </div>
  );
}
