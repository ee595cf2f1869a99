/** How a claim of a token is written. */
export enum ClaimFormat {
  /** One text, for example `client_id`. */
  SINGLE_STRING = 'single-string',
  /** A JSON array of texts, for example `aud`. */
  STRING_ARRAY = 'string-array',
  /** Words with spaces between them, for example `scope`. */
  SPACE_SEPARATED_VALUES = 'space-separated-values',
}
