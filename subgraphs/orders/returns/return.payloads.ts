/** What the mutations of returns answer. */
import { Directive, Field, ObjectType } from 'type-graphql';
import { Payload } from '../../../platform/graph/user-errors';
import { Order } from '../order.type';
import { Return } from './return.type';

/** Common part. */
@ObjectType()
abstract class ReturnPayload extends Payload {
  @Field(() => Return, { nullable: true, description: 'The return; null when nothing happened.' })
  return?: Return | null;

  @Field(() => Order, { nullable: true, description: 'Its order; null when nothing happened.' })
  order?: Order | null;
}

/** Of requestReturn. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'The return that was asked for, or why there is none.' })
export class RequestReturnPayload extends ReturnPayload {}

/** Of acceptReturn. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'The accepted return, or why it was not.' })
export class AcceptReturnPayload extends ReturnPayload {}

/** Of rejectReturn. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'The rejected return, or why it was not.' })
export class RejectReturnPayload extends ReturnPayload {}
