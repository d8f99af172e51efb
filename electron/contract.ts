/**
 * What the screen and the services say to each other, over Electron's IPC or serve mode's WebSocket alike. Every call is
 * checked against its schema on the services' side, because the screen is not trusted; results and events are typed.
 */
import { z } from 'zod';
import type { PlanCheck } from '../engine/cache/plan-file.ts';
import type { Heading, LeftOut, Progress } from '../engine/documents/document.ts';
import { LANGUAGES, type Language } from '../engine/documents/recognition/languages.ts';
import type { RecognisedWord } from '../engine/documents/recognition/recogniser.ts';
import type { ClosestPassage, LoadedModel, Measured, MemoryUse, PlanId, PlanOffer } from '../engine/engine.ts';
import type { Failure, PageRange } from '../engine/errors.ts';
import type { FoundModel } from '../engine/hosts/converter.ts';
import type { CatalogueModel } from '../engine/hub/catalogue.ts';
import { DTYPES, type Dtype } from '../engine/hub/dtypes.ts';
import type { ModelAssessment, ModelFacts } from '../engine/hub/model-library.ts';

const id = z.string().regex(/^[0-9a-f-]{36}$/);
const plan = z.string().min(1).max(100);
const text = z.string().max(100_000);
const repository = z.string().max(200);

export const settingsSchema = z.object({
  /** Name of a model on this machine; the built-in one where null. */
  model: z.string().max(255).nullable(),
  runtime: z.enum(['auto', 'cpu', 'webgpu']),
  /** Id of a cache plan; 'auto': the smallest that loses nothing (`plan-choice.ts`). */
  plan,
  /** Tokens that keep their own keys in every layer; the model's own where null. */
  sinks: z.number().int().min(0).max(1024).nullable(),
  recent: z.number().int().min(0).max(65_536).nullable(),
  /** MiB that reading may take; what the machine has free where null. */
  memoryMebibytes: z.number().int().min(64).max(1_048_576).nullable(),
  threads: z.number().int().min(1).max(256).nullable(),
  maxAnswerTokens: z.number().int().min(1).max(4096),
});

/** The parameters of every call, by its name. */
export const calls = {
  getState: z.object({}),
  getPages: z.object({ document: id }),
  getDetails: z.object({ document: id }),
  /** Words that were recognised on a page, with their places. */
  getWords: z.object({ document: id, page: z.number().int().min(1) }),
  measure: z.object({ document: id }),
  listModels: z.object({}),
  lookUpModel: z.object({ repository }),
  downloadModel: z.object({ repository, dtype: z.enum(DTYPES) }),
  pauseDownload: z.object({ download: id }),
  resumeDownload: z.object({ download: id }),
  cancelDownload: z.object({ download: id }),
  /** A folder or a GGUF file of this machine, as the reader names it; name: what a file's model is called, where its file does not say. */
  importModel: z.object({ folder: z.string().min(1).max(4096), name: z.string().min(1).max(200).optional() }),
  cancelImport: z.object({}),
  findModels: z.object({}),
  removeModel: z.object({ model: z.string().max(255) }),
  /** Looks for a cache plan on documents of the library. */
  explore: z.object({
    model: z.string().max(255).nullable(),
    documents: z.array(id).min(1).max(8),
    /** Share of a long document's cache; as much as costs next to nothing where null. */
    saving: z.number().min(0.01).max(0.97).nullable(),
  }),
  cancelExploration: z.object({}),
  /** Forgotten where null. */
  setHubToken: z.object({ token: z.string().trim().min(1).max(500).nullable() }),
  read: z.object({
    document: id,
    plan: plan.optional(),
    pages: z.object({ first: z.number().int().min(1), last: z.number().int().min(1) }).optional(),
  }),
  pauseReading: z.object({ document: id, paused: z.boolean() }),
  cancelReading: z.object({ document: id }),
  unlock: z.object({ document: id, password: z.string().max(1024) }),
  /** Takes the text out of the file again, with the words of its scanned pages. */
  recognise: z.object({ document: id, language: z.enum(Object.keys(LANGUAGES) as [Language, ...Language[]]) }),
  /** Leaves scanned pages as they are and goes on with the others. */
  goWithoutScans: z.object({ document: id }),
  pauseOpening: z.object({ document: id, paused: z.boolean() }),
  cancelOpening: z.object({ document: id }),
  /** Once more, after it was stopped or failed. */
  openAgain: z.object({ document: id }),
  /** Running titles, page numbers and what else was left out of the text go back into it, or out again. */
  putBack: z.object({ document: id, putBack: z.boolean() }),
  removeDocument: z.object({ document: id }),
  listConversations: z.object({ document: id }),
  createConversation: z.object({ document: id }),
  getConversation: z.object({ conversation: id }),
  renameConversation: z.object({ conversation: id, title: z.string().trim().min(1).max(200) }),
  deleteConversation: z.object({ conversation: id }),
  ask: z.object({ conversation: id, question: text, compare: z.boolean() }),
  editQuestion: z.object({ turn: id, question: text }),
  retry: z.object({ turn: id }),
  stop: z.object({ turn: id }),
  search: z.object({ text: z.string().max(1000) }),
  exportConversation: z.object({ conversation: id, format: z.enum(['markdown', 'json']) }),
  changeSettings: settingsSchema.partial(),
  /** Text for a fault report: versions, machine, last errors; see `services/report.ts`. */
  getReport: z.object({}),
  clearData: z.object({}),
} as const satisfies Record<string, z.ZodType>;

export type CallName = keyof typeof calls;
export type Parameters<Name extends CallName> = z.infer<(typeof calls)[Name]>;
export type { PageRange };
export type Settings = z.infer<typeof settingsSchema>;

export interface Results {
  getState: AppState;
  getPages: readonly { number: number; text: string }[];
  getDetails: DocumentDetails;
  getWords: readonly RecognisedWord[];
  measure: Measured;
  listModels: Models;
  lookUpModel: RepositoryChoices;
  downloadModel: Download;
  pauseDownload: null;
  resumeDownload: null;
  cancelDownload: null;
  /** A GGUF file is converted; how that goes is told by events. */
  importModel: null;
  cancelImport: null;
  /** GGUF files where other programs keep theirs. */
  findModels: readonly FoundModel[];
  removeModel: null;
  explore: Exploration;
  cancelExploration: null;
  setHubToken: HubState;
  read: null;
  pauseReading: null;
  cancelReading: null;
  unlock: null;
  recognise: null;
  goWithoutScans: null;
  pauseOpening: null;
  cancelOpening: null;
  openAgain: null;
  putBack: null;
  removeDocument: null;
  listConversations: readonly Conversation[];
  createConversation: Conversation;
  getConversation: { conversation: Conversation; turns: readonly Turn[] };
  renameConversation: Conversation;
  deleteConversation: null;
  ask: Turn;
  editQuestion: Turn;
  retry: Turn;
  stop: null;
  search: readonly SearchHit[];
  exportConversation: { name: string; type: string; text: string };
  changeSettings: Settings;
  getReport: string;
  clearData: null;
}

/** A model on this machine, judged from its own files. */
export interface ModelEntry {
  readonly name: string;
  readonly builtIn: boolean;
  /** Whether it was fetched: removing it deletes its files. */
  readonly own: boolean;
  readonly verdict: ModelAssessment['verdict'];
  /** Why it can't be used; null where it can. */
  readonly failure: Failure | null;
  readonly facts: ModelFacts | null;
}

/** A model that could be fetched: what is known of it without asking anyone. */
export interface CatalogueEntry extends CatalogueModel {
  readonly cacheBytesPerThousand: { readonly dense: number; readonly pod: number };
}

/** What a hub has of a model, and its bytes. */
export interface RepositoryChoices {
  readonly repository: string;
  readonly choices: readonly { readonly dtype: Dtype; readonly bytes: number }[];
}

export interface Download {
  readonly id: string;
  readonly repository: string;
  readonly dtype: Dtype;
  readonly state: 'running' | 'paused' | 'failed';
  /** Bytes; total is 0 as long as nobody has said. */
  readonly done: number;
  readonly total: number;
  readonly file: string | null;
  readonly failure: Failure | null;
}

/** The search for a model's cache plan. */
export interface Exploration {
  /** Null: the built-in one. */
  readonly model: string | null;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  /** Plans that were tried, of how many at most, and the seconds that these took. */
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
  /** What was found, once it is done. */
  readonly check: PlanCheck | null;
  readonly failure: Failure | null;
}

/** A GGUF file that becomes a model. */
export interface Conversion {
  readonly name: string;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  /** Bytes of its weights; total is 0 until they are begun with. */
  readonly done: number;
  readonly total: number;
  readonly failure: Failure | null;
}

export type { FoundModel };

export interface HubState {
  readonly endpoint: string;
  /** Where the token for models behind terms is kept. */
  readonly token: 'none' | 'keychain' | 'until the app ends' | 'environment';
}

export interface Models {
  readonly models: readonly ModelEntry[];
  readonly catalogue: readonly CatalogueEntry[];
  readonly downloads: readonly Download[];
  /** The one that is under way, or was last. */
  readonly exploration: Exploration | null;
  readonly conversion: Conversion | null;
  readonly hub: HubState;
}

export interface DocumentEntry {
  readonly id: string;
  readonly title: string;
  /** Name of the file it came from. */
  readonly name: string;
  readonly kind: 'pdf' | 'text';
  readonly bytes: number;
  readonly added: number;
  /**
   * opening: pages are being taken out of the file. asking: some are scans, and the reader says whether they are recognised.
   * stored: pages and tokens are known.
   */
  readonly state: 'queued' | 'opening' | 'locked' | 'asking' | 'stored' | 'failed';
  readonly opening: OpeningState | null;
  readonly pages: number;
  readonly tokens: number | null;
  readonly warnings: readonly string[];
  readonly scans: Scans;
  readonly failure: Failure | null;
  readonly reading: ReadingState;
}

/** While opening: pages so far, and of how many. */
export interface OpeningState extends Progress {
  readonly paused: boolean;
}

export interface Scans {
  /** Scanned pages that were not recognised yet, and the seconds that it takes. */
  readonly offered: { readonly pages: number; readonly seconds: number } | null;
  /** Pages that were recognised. */
  readonly recognised: number;
}

/** What is to be known of a document beside its text. */
export interface DocumentDetails {
  readonly outline: readonly Heading[];
  readonly leftOut: readonly LeftOut[];
  readonly putBack: boolean;
  /** With a confidence from 0 to 1. */
  readonly recognised: readonly { readonly page: number; readonly confidence: number }[];
  /** As the file calls its pages, where it does. */
  readonly labels: readonly { readonly page: number; readonly label: string }[];
}

export interface ReadingState {
  /** none: not in the engine's memory now. */
  readonly state: 'none' | 'waiting' | 'reading' | 'paused' | 'read' | 'unfit' | 'failed';
  readonly plan: PlanId | null;
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
  /** The page that has been reached. */
  readonly page: number;
  /** The pages that were or are read, where not all. */
  readonly pages: PageRange | null;
  readonly memory: MemoryUse | null;
  readonly scratchBytes: number;
  readonly failure: Failure | null;
}

export interface EngineState {
  readonly state: 'starting' | 'ready' | 'recovering' | 'failed';
  readonly model: LoadedModel | null;
  /** Cache plans of the model, the one that takes most first. */
  readonly plans: readonly PlanOffer[];
  readonly failure: Failure | null;
}

export interface AppState {
  readonly documents: readonly DocumentEntry[];
  readonly engine: EngineState;
  readonly settings: Settings;
  readonly dataFolder: string;
  readonly formats: readonly string[];
}

export interface Conversation {
  readonly id: string;
  readonly document: string;
  readonly title: string;
  readonly created: number;
  readonly changed: number;
}

export interface TurnAnswer {
  /** The plan it is to be answered under; once it is, the one it was answered under. */
  readonly plan: PlanId;
  readonly state: 'waiting' | 'answering' | 'done' | 'stopped' | 'failed';
  readonly text: string;
  readonly pages: readonly { readonly page: number; readonly share: number; readonly passage: string }[];
  /** How likely it is right, 0–1; null where that was never measured for the model. */
  readonly confidence: number | null;
  /** What comes closest to a question that the document is said not to answer, or whose answer is a guess. */
  readonly closest: readonly ClosestPassage[];
  readonly firstTokenSeconds: number | null;
  readonly tokensPerSecond: number | null;
  readonly memory: MemoryUse | null;
  /** What was read when this was answered: pages, and tokens in context. */
  readonly pagesRead: number | null;
  readonly tokensRead: number | null;
  /** While waiting for the document to be read under this policy: tokens so far, and of how many. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly failure: Failure | null;
}

export interface Turn {
  readonly id: string;
  readonly conversation: string;
  readonly question: string;
  readonly asked: number;
  readonly answers: readonly TurnAnswer[];
}

export interface SearchHit {
  readonly conversation: Conversation;
  readonly turn: string;
  readonly excerpt: string;
}

/** What is worth a line of its own; the words are the screen's. */
export type Notice =
  /** The engine ended without being asked to; it is started again. */
  | { readonly kind: 'engine-lost'; readonly failure: Failure }
  | { readonly kind: 'engine-back'; readonly smallerPlan: boolean }
  /** The graphics card can't be used, the processor is. */
  | { readonly kind: 'on-processor'; readonly failure: Failure }
  | { readonly kind: 'answer-not-kept'; readonly failure: Failure }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type AppEvent =
  | { type: 'document'; document: DocumentEntry }
  | { type: 'document-removed'; document: string }
  | { type: 'conversation'; conversation: Conversation }
  | { type: 'conversation-deleted'; conversation: string; document: string }
  | { type: 'turn'; turn: Turn }
  | { type: 'turns-removed'; conversation: string; turns: readonly string[] }
  /** More of an answer: `text` from the character `from` on; what stood there before counts no more. */
  | { type: 'text'; turn: string; answer: number; from: number; text: string }
  | { type: 'engine'; engine: EngineState }
  | { type: 'settings'; settings: Settings }
  | { type: 'download'; download: Download }
  /** It came to its end, or was given up: then there is no model. */
  | { type: 'exploration'; exploration: Exploration }
  | { type: 'conversion'; conversion: Conversion }
  | { type: 'download-ended'; download: string; model: string | null }
  | { type: 'notice'; notice: Notice };

/** Every call as a function of its own. */
export type Verbs = {
  [Name in CallName]: (parameters: Parameters<Name>) => Promise<Results[Name]>;
};

/** What the screen is given: the calls, and what happens. */
export interface Bridge extends Verbs {
  onEvent(listener: (event: AppEvent) => void): void;
  /** Hears whether the services can be reached. */
  onConnection(listener: (connected: boolean) => void): void;
  /** Where a file lies on this machine; absent in serve mode: browsers don't say. */
  readonly pathOf?: (file: File) => string;
}

export type Handlers = {
  [Name in CallName]: (parameters: Parameters<Name>) => Results[Name] | Promise<Results[Name]>;
};
