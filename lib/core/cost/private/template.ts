/** One resource of a CloudFormation template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
}

/** What the cost needs of a CloudFormation template. */
export interface CostTemplate {
  readonly Resources?: Record<string, TemplateResource>;
}

/** A property of a resource, if it is a literal of the asked kind; CloudFormation takes numbers and booleans as text too. */
export class Properties {
  constructor(private readonly values: Record<string, unknown>) {}

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.values[name];
    if (typeof value === 'number') return value;
    return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
  }

  flag(name: string): boolean {
    return this.values[name] === true || this.values[name] === 'true';
  }

  list(name: string): unknown[] {
    const value = this.values[name];
    return Array.isArray(value) ? value : [];
  }

  object(name: string): Properties {
    const value = this.values[name];
    return new Properties(isRecord(value) ? value : {});
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  /** Logical id that the property refers to by Ref or Fn::GetAtt, or undefined. */
  reference(name: string): string | undefined {
    return referenced(this.values[name]);
  }
}

/** Every logical id that is named by Ref or Fn::GetAtt anywhere in a value. */
export function references(value: unknown): string[] {
  const own = referenced(value);
  if (own !== undefined) return [own];
  if (Array.isArray(value)) return value.flatMap(references);
  return isRecord(value) ? Object.values(value).flatMap(references) : [];
}

function referenced(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  if (typeof value.Ref === 'string') return value.Ref;
  const attribute = value['Fn::GetAtt'];
  return Array.isArray(attribute) && typeof attribute[0] === 'string' ? attribute[0] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
