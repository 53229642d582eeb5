import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../../../platform/graph/scalars';
import { Payload } from '../../../platform/graph/user-errors';
import { toId } from '../../../platform/ids';
import { User } from '../user.type';
import type { DataExportRow } from './data-exports.loaders';

/** The enum `DataExportStatus` of the graph. */
export const DataExportStatusEnum = { PENDING: 'PENDING', READY: 'READY' } as const;
registerEnumType(DataExportStatusEnum, {
  name: 'DataExportStatus',
  description: 'How far an export is. Values may be added.',
  valuesConfig: {
    PENDING: { description: 'It is being collected; seconds as a rule, longer while a part of the shop is down.' },
    READY: { description: 'All of it is there: read `content`.' },
  },
});

/** An export of personal data; `content` is resolved when it is asked for. */
@ObjectType({ description: 'All that the shop holds of you, collected once.' })
export class DataExport {
  /** uuid */
  row!: DataExportRow;

  @Field(() => ID, { description: 'Id of the export: `exp_…`.' })
  id!: string;

  @Field(() => DataExportStatusEnum, { description: 'How far it is.' })
  status!: keyof typeof DataExportStatusEnum;

  @Field(() => DateTime, { description: 'When it was asked for.' })
  requestedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When all of it was there.' })
  readyAt?: Date | null;

  @Field(() => DateTime, { description: 'Until when it can be fetched: 7 days after it was asked for.' })
  expiresAt!: Date;

  /** From a row. */
  static of(row: DataExportRow): DataExport {
    const { requestedAt, readyAt, expiresAt } = row;
    const status = readyAt === null ? 'PENDING' : 'READY';
    return Object.assign(new DataExport(), { row, id: toId('exp', row.id), status, requestedAt, readyAt, expiresAt });
  }
}

/** Answer of `requestDataExport`. */
@ObjectType({ description: 'The export that is being collected.' })
export class RequestDataExportPayload extends Payload {
  @Field(() => DataExport, { nullable: true, description: 'The new export; null when there is none.' })
  dataExport?: DataExport | null;
}

/** Input of `deleteAccount`. */
@InputType({ description: 'That it is really you.' })
export class DeleteAccountInput {
  @Field(() => String, { description: 'Your password.' })
  password!: string;
}

/** Answer of `deleteAccount`. */
@ObjectType({ description: 'The account is gone.' })
export class DeleteAccountPayload extends Payload {
  @Field(() => User, { nullable: true, description: 'Whose account it was, by id alone; null when nothing happened.' })
  user?: User | null;
}
