/** What everybody who is logged in may do with experiments and models of others. */
export enum RegistryPermission {
  /** Look. */
  READ = 'READ',
  /** Look, log runs, register versions; delete only what is one's own. */
  EDIT = 'EDIT',
  /** Everything but managing users. */
  MANAGE = 'MANAGE',
  /** Nothing, unless somebody gives a right. */
  NONE = 'NO_PERMISSIONS',
}
