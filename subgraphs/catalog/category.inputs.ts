/** Inputs about categories. */
import { Directive, Field, ID, InputType } from 'type-graphql';

@Directive('@tag(name: "staff")')
@InputType({ description: 'A new category.' })
export class CreateCategoryInput {
  @Field(() => String, { description: 'What it is called; at most 200 characters.' })
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Readable name for its address: lower-case letters, digits, "-". Made from the name if absent.',
  })
  slug?: string | null;

  @Field(() => ID, { nullable: true, description: 'The category it lies in; a root if absent.' })
  parentId?: string | null;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'Changes of a category; what is absent stays.' })
export class UpdateCategoryInput {
  @Field(() => ID, { description: 'The category.' })
  categoryId!: string;

  @Field(() => String, { nullable: true, description: 'What it is called; at most 200 characters.' })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'Readable name for its address; unique.' })
  slug?: string | null;

  @Field(() => ID, { nullable: true, description: 'The category it lies in from now on. null: a root.' })
  parentId?: string | null;
}
