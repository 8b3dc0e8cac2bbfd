export interface OpenAiBackendInit {
  readonly baseUrl: string;
}
