/**
 * ONNX Runtime 1.30 sends to its maker which models run where, and keeps an id of the machine in the user's cache folder, unless the
 * environment of the process says otherwise before its first session. Call it in the main thread before a session is made or a
 * thread is started that makes one: what another thread sets does not reach native code.
 */
export function turnOffOnnxTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY = '1';
}
