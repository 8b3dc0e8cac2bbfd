export interface TransformersBackendInit {
  readonly model: string;
}
