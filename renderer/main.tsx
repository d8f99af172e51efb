/** The screen's start. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { connect } from './state/actions.ts';
import './styles/base.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/documents.css';

connect();
createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
