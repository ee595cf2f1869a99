export * from './interfaces';
export * from './ml-network';
export { InterfaceEndpoint } from '../../network/blueprint/interface-endpoint';
