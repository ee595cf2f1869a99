import { Column } from '../../lib/data/blueprint/column';
import { IcebergType } from '../../lib/data/blueprint/iceberg-type';

const MEASURED = [
  'radius', 'texture', 'perimeter', 'area', 'smoothness', 'compactness', 'concavity', 'concave_points', 'symmetry', 'fractal_dimension',
];

/**
 * Columns of the Breast Cancer Wisconsin (Diagnostic) data set as scikit-learn ships it, in snake case:
 * mean, standard error and worst value of ten measurements, and the diagnosis (0 malignant, 1 benign).
 *
 * @see https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic
 */
export function measurementColumns(): Column[] {
  const numbers = [
    ...MEASURED.map((name) => `mean_${name}`),
    ...MEASURED.map((name) => `${name}_error`),
    ...MEASURED.map((name) => `worst_${name}`),
  ];
  return [
    ...numbers.map((name) => Column.optional(name, IcebergType.DOUBLE)),
    Column.optional('target', IcebergType.LONG, { comment: '0 malignant, 1 benign' }),
  ];
}
