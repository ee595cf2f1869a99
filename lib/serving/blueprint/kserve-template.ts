/**
 * Text for the container of a ServingRuntime, which KServe executes as a Go template over the InferenceService's metadata: `{{` would
 * start an action there. The text is JSON when it is executed, so the action that writes it back has no quotes.
 * https://kserve.github.io/website/docs/concepts/resources/servingruntime
 */
export function escapeTemplate(text: string): string {
  return text.replace(/\{\{/g, '{{`{{`}}');
}
