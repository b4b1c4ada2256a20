// A restart that was carried out and has failed, whatever its code would say of a command that was refused.

import { OperatorError } from '../config/operator-error.js';

export class RestartFailure extends OperatorError {}
