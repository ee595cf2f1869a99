/** User and group that the runtime's images run as, by number, so that Kubernetes can see that it is not root. */
export const RUNTIME_USER = 10001;

/** The same as ECS writes it. */
export const RUNTIME_USER_AND_GROUP = `${RUNTIME_USER}:${RUNTIME_USER}`;
