// Organizations, projects and what hangs on them through the admin API of a real gateway on Postgres: who reaches what,
// who gives what, deleting with what depends shown first, roles of users, switches.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { print } from 'graphql';
import {
  ApiKeysDocument,
  AuditLogDocument,
  CreateApiKeyDocument,
  CreateOrganizationDocument,
  CreateProjectDocument,
  DeleteApiKeyDocument,
  DeleteOrganizationDocument,
  DeleteProjectDocument,
  DeletionPreviewDocument,
  DisableApiKeyDocument,
  EnableApiKeyDocument,
  GrantRoleDocument,
  ModelsDocument,
  NodeDocument,
  OrganizationsDocument,
  ProjectsDocument,
  RevokeApiKeyDocument,
  RevokeRoleDocument,
  RoleGrantsDocument,
  RotateApiKeyDocument,
  SetModelStateDocument,
  SetOrganizationDisabledDocument,
  SetProjectDisabledDocument,
  SetProviderStateDocument,
  SwitchesDocument,
  UpdateApiKeyDocument,
  UpdateOrganizationDocument,
  UpdateProjectDocument,
  ViewerDocument,
} from '../generated/graphql.ts';
import {
  type AdminClient,
  type AdminGateway,
  type MadeKey,
  startAdminGateway,
  type Tenant,
} from '../support/admin-gateway.ts';

let admin: AdminGateway;
let operator: AdminClient;
/** Two organizations, each with an ADMIN. */
let amber: Tenant & { readonly admin: MadeKey };
let birch: Tenant & { readonly admin: MadeKey };

beforeAll(async () => {
  admin = await startAdminGateway();
  operator = admin.operator;
  const withAdmin = async (name: string) => {
    const tenant = await admin.createTenant(name);
    return {
      ...tenant,
      admin: await admin.createKey({ projectId: tenant.projectId, name: 'admin', roles: ['ADMIN'] }),
    };
  };
  [amber, birch] = [await withAdmin('amber'), await withAdmin('birch')];
});
afterAll(async () => {
  await admin[Symbol.asyncDispose]();
});

const status = async (key: string): Promise<number> =>
  (await admin.gateway.send({ query: print(ViewerDocument), key })).status;

describe('an ADMIN', () => {
  it('learns of the organization of an OPERATOR who changed something no more than that it was theirs', async () => {
    const query = '{ auditLog(first: 100) { nodes { actor { organization { id name projectCount apiKeyCount } } } } }';
    const { data } = await admin.gateway.send({ query, key: amber.admin.secret });
    const organizations = data.auditLog.nodes.map(
      ({ actor }: { actor: { organization: object } }) => actor.organization,
    );
    expect(organizations).toContainEqual({
      id: 'organization:default',
      name: 'default',
      projectCount: null,
      apiKeyCount: null,
    });
  });

  it('sees the own organization and nothing of others', async () => {
    const { organizations } = await amber.admin.run(OrganizationsDocument, {});
    expect(organizations.edges.map(({ node }) => node)).toEqual([
      expect.objectContaining({
        id: amber.organizationId,
        name: 'amber',
        projectCount: 1,
        apiKeyCount: expect.any(Number),
      }),
    ]);
    const { projects } = await amber.admin.run(ProjectsDocument, {});
    expect(projects.edges.every(({ node }) => node.organization.id === amber.organizationId)).toBe(true);
    const { apiKeys } = await amber.admin.run(ApiKeysDocument, { filter: { organizationId: birch.organizationId } });
    expect(apiKeys).toMatchObject({ edges: [], totalCount: 0 });
    const { auditLog } = await amber.admin.run(AuditLogDocument, { first: 100 });
    expect(auditLog.edges.map(({ node }) => node.organization?.id)).not.toContain(birch.organizationId);
  });

  it('is answered for ids of others as for ids that do not exist', async () => {
    const pairs = [
      [birch.projectId, 'project:prj_00000000000000000000000000'],
      [birch.admin.id, 'key_00000000000000000000000000'],
    ] as const;
    const answersTo = async (id: string) => {
      const input = { id };
      const confirmed = { id, confirmation: 'x' };
      const isKey = id.startsWith('key_');
      return [
        await amber.admin.refused(NodeDocument, input),
        await amber.admin.refused(DeletionPreviewDocument, input),
        ...(isKey
          ? [
              await amber.admin.refused(UpdateApiKeyDocument, { input: { id, name: 'taken' } }),
              await amber.admin.refused(RotateApiKeyDocument, { input }),
              await amber.admin.refused(RevokeApiKeyDocument, { input }),
              await amber.admin.refused(DisableApiKeyDocument, { input }),
              await amber.admin.refused(EnableApiKeyDocument, { input }),
              await amber.admin.refused(DeleteApiKeyDocument, { input: confirmed }),
            ]
          : [
              await amber.admin.refused(UpdateProjectDocument, { input: { id, name: 'taken' } }),
              await amber.admin.refused(SetProjectDisabledDocument, { input: { id, disabled: true } }),
              await amber.admin.refused(DeleteProjectDocument, { input: confirmed }),
              await amber.admin.refused(CreateApiKeyDocument, { input: { projectId: id, name: 'spy' } }),
              await amber.admin.refused(GrantRoleDocument, {
                input: { projectId: id, issuer: 'https://id.example.com', subject: 'me', roles: ['ADMIN'] },
              }),
            ]),
      ];
    };
    for (const [foreign, absent] of pairs) {
      const answers = await answersTo(foreign);
      expect(answers).toEqual(await answersTo(absent));
      expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['NOT_FOUND', 'BAD_USER_INPUT']));
    }
    expect(await status(birch.admin.secret)).toBe(200);
  });

  it('makes no organization and touches no switch', async () => {
    const { organizationId: id } = amber;
    const refusals = [
      await amber.admin.refused(CreateOrganizationDocument, { input: { name: 'mine' } }),
      await amber.admin.refused(UpdateOrganizationDocument, { input: { id, name: 'mine' } }),
      await amber.admin.refused(SetOrganizationDisabledDocument, { input: { id, disabled: true } }),
      await amber.admin.refused(DeleteOrganizationDocument, { input: { id, confirmation: 'x' } }),
      await amber.admin.refused(DeletionPreviewDocument, { id }),
      await amber.admin.refused(SetModelStateDocument, { input: { model: 'sim-fast', state: 'DISABLED' } }),
      await amber.admin.refused(SetProviderStateDocument, { input: { provider: 'sim', state: 'DISABLED' } }),
      await amber.admin.refused(SwitchesDocument, {}),
    ];
    expect(refusals.map(({ code }) => code)).toEqual(refusals.map(() => 'FORBIDDEN'));
  });

  it.each([
    ['the role OPERATOR', { roles: ['OPERATOR'] }, 'input.roles'],
    ['content:read', { scopes: ['generate', 'content:read'] }, 'input.scopes'],
  ])('gives nobody %s', async (_what, input, path) => {
    const made = await amber.admin.refused(CreateApiKeyDocument, { input: { name: 'more', ...input } as never });
    expect(made).toMatchObject({ code: 'FORBIDDEN', path });
    const { id } = await admin.createKey({ name: `for ${path}` }, amber.admin);
    const changed = await amber.admin.refused(UpdateApiKeyDocument, { input: { id, ...input } as never });
    expect(changed).toMatchObject({ code: 'FORBIDDEN', path });
    await operator.run(RevokeApiKeyDocument, { input: { id } });
  });

  it('leaves keys alone that may do what it may not: it would hold them', async () => {
    const { projectId } = amber;
    const above = await admin.createKey({ projectId, name: 'above', roles: ['OPERATOR'] });
    const reader = await admin.createKey({ projectId, name: 'reader', scopes: ['generate', 'content:read'] });
    for (const { id } of [above, reader]) {
      const input = { id };
      expect(await amber.admin.refused(RotateApiKeyDocument, { input })).toMatchObject({ code: 'FORBIDDEN' });
      expect(await amber.admin.refused(UpdateApiKeyDocument, { input: { id, name: 'mine' } })).toMatchObject({
        code: 'FORBIDDEN',
      });
    }
    expect(await amber.admin.refused(RevokeApiKeyDocument, { input: { id: above.id } })).toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(await amber.admin.refused(DeletionPreviewDocument, { id: above.id })).toMatchObject({ code: 'FORBIDDEN' });
    // What may do more by a scope only is of the own organization all the same: it can be ended.
    await amber.admin.run(RevokeApiKeyDocument, { input: { id: reader.id } });
    expect([await status(above.secret), await status(reader.secret)]).toEqual([200, 401]);
  });

  it('ends no project with a key or a user in it that is above', async () => {
    const { organizationId } = amber;
    const { createProject } = await operator.run(CreateProjectDocument, { input: { organizationId, name: 'shared' } });
    const id = createProject?.project.id ?? '';
    const above = await admin.createKey({ projectId: id, name: 'above', roles: ['OPERATOR'] });
    const grant = { projectId: id, issuer: 'https://id.example.com', subject: 'above', roles: ['OPERATOR' as const] };
    const { grantRole } = await operator.run(GrantRoleDocument, { input: grant });
    const { deletionPreview } = await operator.run(DeletionPreviewDocument, { id });
    const isRefused = async () => {
      const input = { id, confirmation: deletionPreview?.confirmation ?? '' };
      const refusals = [
        await amber.admin.refused(DeletionPreviewDocument, { id }),
        await amber.admin.refused(DeleteProjectDocument, { input }),
        await amber.admin.refused(SetProjectDisabledDocument, { input: { id, disabled: true } }),
      ];
      expect(refusals.map(({ code }) => code)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    };
    await isRefused();
    expect(await status(above.secret)).toBe(200);
    await operator.run(RevokeApiKeyDocument, { input: { id: above.id } });
    await isRefused();
    await operator.run(RevokeRoleDocument, { input: { id: grantRole?.roleGrant.id ?? '' } });
    await amber.admin.run(SetProjectDisabledDocument, { input: { id, disabled: true } });
    const again = await amber.admin.run(DeletionPreviewDocument, { id });
    const input = { id, confirmation: again.deletionPreview?.confirmation ?? '' };
    await amber.admin.run(DeleteProjectDocument, { input });
  });

  it('with some models only opens no others, neither by keys nor by projects nor by roles', async () => {
    const { organizationId, projectId } = birch;
    const few = await admin.createKey({ projectId, name: 'few', roles: ['ADMIN'], allowedModels: ['sim-fast'] });
    const user = { organizationId, issuer: 'https://id.example.com', subject: 'few', roles: ['MEMBER' as const] };
    const refusals = [
      await few.refused(CreateApiKeyDocument, { input: { projectId, name: 'all models' } }),
      await few.refused(CreateProjectDocument, { input: { name: 'all models' } }),
      await few.refused(UpdateProjectDocument, { input: { id: projectId, allowedModels: null } }),
      await few.refused(GrantRoleDocument, { input: user }),
      await few.refused(RotateApiKeyDocument, { input: { id: birch.admin.id } }),
    ];
    expect(refusals).toEqual(refusals.map(() => expect.objectContaining({ code: 'FORBIDDEN' })));
    // Of a model that it does not have it learns nothing.
    const input = { projectId, name: 'another', allowedModels: ['sim-smart'] };
    expect(await few.refused(CreateApiKeyDocument, { input })).toMatchObject({ code: 'MODEL_NOT_FOUND' });
    const key = await admin.createKey({ projectId, name: 'as few', allowedModels: ['sim-fast'] }, few);
    expect((await key.run(ModelsDocument, {})).models.map(({ name }) => name)).toEqual(['sim-fast']);
  });

  it('without the scope admin administers nothing, and gives no scope that it does not have', async () => {
    const { projectId } = amber;
    const reading = await admin.createKey({ projectId, name: 'reads', roles: ['ADMIN'], scopes: ['usage:read'] });
    expect(await reading.refused(ApiKeysDocument, {})).toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
    const only = await admin.createKey({ projectId, name: 'only admin', roles: ['ADMIN'], scopes: ['admin'] });
    const input = { projectId, name: 'calls', scopes: ['generate'] };
    expect(await only.refused(CreateApiKeyDocument, { input })).toMatchObject({
      code: 'FORBIDDEN',
      path: 'input.scopes',
    });
  });
});

it('a key changes nothing but its name by itself, and does not shut itself out', async () => {
  const { admin: own } = amber;
  const { id } = own;
  await own.run(UpdateApiKeyDocument, { input: { id, name: 'chief' } });
  const refusals = [
    await own.refused(UpdateApiKeyDocument, { input: { id, expiresAt: null } }),
    await own.refused(UpdateApiKeyDocument, { input: { id, mayActForEndUsers: true } }),
    await own.refused(DisableApiKeyDocument, { input: { id } }),
    await own.refused(RevokeApiKeyDocument, { input: { id } }),
    await own.refused(DeletionPreviewDocument, { id }),
    await own.refused(SetProjectDisabledDocument, { input: { id: amber.projectId, disabled: true } }),
    await own.refused(DeletionPreviewDocument, { id: amber.projectId }),
  ];
  expect(refusals.map(({ code }) => code)).toEqual(refusals.map(() => 'CONFLICT'));
  expect(await status(own.secret)).toBe(200);
});

it('a MEMBER reaches nothing of the admin API, and of its organization only what it is called', async () => {
  const key = await admin.createKey({ projectId: amber.projectId, name: 'member' });
  const refusals = [
    await key.refused(OrganizationsDocument, {}),
    await key.refused(ProjectsDocument, {}),
    await key.refused(RoleGrantsDocument, {}),
    await key.refused(AuditLogDocument, {}),
    await key.refused(CreateApiKeyDocument, { input: { name: 'x' } }),
    await key.refused(RotateApiKeyDocument, { input: { id: key.id } }),
  ];
  expect(refusals.map(({ code }) => code)).toEqual(refusals.map(() => 'FORBIDDEN'));
  expect(await key.refused(NodeDocument, { id: key.id })).toMatchObject({ code: 'NOT_FOUND' });
  const query = '{ viewer { organization { name apiKeyCount } } }';
  const { data, errors } = await admin.gateway.send({ query, key: key.secret });
  expect(data.viewer.organization).toEqual({ name: 'amber', apiKeyCount: null });
  expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual(['FORBIDDEN']);
});

describe('organizations and projects', () => {
  it('narrow the models of their keys at once, and shut everybody out while they are disabled', async () => {
    const { organizationId, projectId } = await admin.createTenant('narrow');
    const key = await admin.createKey({ projectId, name: 'key' });
    const models = async () => (await key.run(ModelsDocument, {})).models.map(({ name }) => name);
    await operator.run(UpdateOrganizationDocument, {
      input: { id: organizationId, name: 'narrower', allowedModels: ['sim-fast', 'sim-smart'] },
    });
    await operator.run(UpdateProjectDocument, {
      input: { id: projectId, allowedModels: ['sim-smart', 'sim-instant'] },
    });
    expect(await models()).toEqual(['sim-smart']);
    expect((await key.run(ViewerDocument, {})).viewer.organization.name).toBe('narrower');
    const setProject = (disabled: boolean) =>
      operator.run(SetProjectDisabledDocument, { input: { id: projectId, disabled } });
    const setOrganization = (disabled: boolean) =>
      operator.run(SetOrganizationDisabledDocument, { input: { id: organizationId, disabled } });
    await setProject(true);
    expect(await status(key.secret)).toBe(401);
    await setProject(false);
    expect(await status(key.secret)).toBe(200);
    await setOrganization(true);
    expect(await status(key.secret)).toBe(401);
    const { organizations } = await operator.run(OrganizationsDocument, { filter: { disabled: true } });
    expect(organizations.edges.map(({ node }) => node.name)).toEqual(['narrower']);
    await setOrganization(false);
    expect(await status(key.secret)).toBe(200);
  });

  it('that are there from the beginning are renamed, but neither disabled nor deleted', async () => {
    const [organization, project] = ['organization:default', 'project:default'];
    const refusals = [
      await operator.refused(SetOrganizationDisabledDocument, { input: { id: organization, disabled: true } }),
      await operator.refused(SetProjectDisabledDocument, { input: { id: project, disabled: true } }),
      await operator.refused(DeletionPreviewDocument, { id: organization }),
      await operator.refused(DeletionPreviewDocument, { id: project }),
    ];
    expect(refusals.map(({ code }) => code)).toEqual(refusals.map(() => 'CONFLICT'));
    await operator.run(UpdateOrganizationDocument, { input: { id: organization, name: 'house' } });
    expect((await operator.run(ViewerDocument, {})).viewer.organization.name).toBe('house');
    await operator.run(UpdateOrganizationDocument, { input: { id: organization, name: 'default' } });
    const taken = await operator.refused(CreateOrganizationDocument, { input: { name: 'Amber' } });
    expect(taken).toMatchObject({ code: 'CONFLICT', path: 'input.name' });
  });
});

describe('deleting', () => {
  it('shows what goes with it, takes it all, and is in the log', async () => {
    const { organizationId, projectId } = await admin.createTenant('going');
    const key = await admin.createKey({ projectId, name: 'goes, too' });
    const { deletionPreview } = await operator.run(DeletionPreviewDocument, { id: organizationId });
    expect(deletionPreview).toMatchObject({
      kind: 'ORGANIZATION',
      name: 'going',
      dependents: [
        { kind: 'PROJECT', count: 1, names: ['going'] },
        { kind: 'API_KEY', count: 1, names: ['goes, too'] },
      ],
    });
    const input = { id: organizationId, confirmation: deletionPreview?.confirmation ?? '' };
    const { deleteOrganization } = await operator.run(DeleteOrganizationDocument, { input });
    expect(deleteOrganization).toEqual({ deletedId: organizationId });
    expect(await status(key.secret)).toBe(401);
    expect(await operator.refused(NodeDocument, { id: projectId })).toMatchObject({ code: 'NOT_FOUND' });
    const filter = { organizationId, actions: ['DELETED' as const] };
    const { auditLog } = await operator.run(AuditLogDocument, { filter });
    expect(auditLog.edges.map(({ node }) => node.target).sort()).toEqual(['API_KEY', 'ORGANIZATION', 'PROJECT']);
  });

  it('does nothing when something has come since, and takes no confirmation of something else', async () => {
    const { projectId } = await admin.createTenant('staying');
    const first = await admin.createKey({ projectId, name: 'first' });
    const { deletionPreview } = await operator.run(DeletionPreviewDocument, { id: projectId });
    const confirmation = deletionPreview?.confirmation ?? '';
    const second = await admin.createKey({ projectId, name: 'second' });
    const stale = await operator.refused(DeleteProjectDocument, { input: { id: projectId, confirmation } });
    expect(stale).toMatchObject({ code: 'CONFLICT' });
    const ofFirst = await operator.run(DeletionPreviewDocument, { id: first.id });
    const wrong = { id: second.id, confirmation: ofFirst.deletionPreview?.confirmation ?? '' };
    expect(await operator.refused(DeleteApiKeyDocument, { input: wrong })).toMatchObject({
      code: 'BAD_USER_INPUT',
      path: 'input.confirmation',
    });
    expect([await status(first.secret), await status(second.secret)]).toEqual([200, 200]);
    const right = { id: first.id, confirmation: ofFirst.deletionPreview?.confirmation ?? '' };
    await operator.run(DeleteApiKeyDocument, { input: right });
    expect([await status(first.secret), await status(second.secret)]).toEqual([401, 200]);
  });

  it('by two at once happens once', async () => {
    const { projectId } = await admin.createTenant('raced for');
    const { deletionPreview } = await operator.run(DeletionPreviewDocument, { id: projectId });
    const variables = { input: { id: projectId, confirmation: deletionPreview?.confirmation } };
    const query = print(DeleteProjectDocument);
    const answers = await Promise.all([1, 2, 3].map(() => admin.gateway.send({ query, variables })));
    const codes = answers.map(({ errors }) => errors[0]?.extensions?.['code']);
    expect(codes.sort()).toEqual(['NOT_FOUND', 'NOT_FOUND', undefined]);
  });
});

describe('roles of users', () => {
  const user = { issuer: 'https://id.example.com', subject: 'user-1' };

  it('are given, replaced, listed and taken away, and each change is in the log', async () => {
    const { organizationId, projectId } = birch;
    const grant = async (input: object) =>
      (await birch.admin.run(GrantRoleDocument, { input: { ...user, roles: ['MEMBER'], ...input } })).grantRole
        ?.roleGrant;
    const inProject = await grant({ projectId });
    expect(inProject).toMatchObject({ ...user, roles: ['MEMBER'], scopes: [], project: { id: projectId } });
    const everywhere = await grant({ roles: ['ADMIN'] });
    expect(everywhere).toMatchObject({ organization: { id: organizationId }, project: null });
    expect(await grant({ projectId, roles: ['ADMIN'] })).toMatchObject({ id: inProject?.id, roles: ['ADMIN'] });
    const { roleGrants } = await birch.admin.run(RoleGrantsDocument, { filter: { subject: 'user-1' } });
    expect(roleGrants.edges.map(({ node }) => node.id)).toEqual([inProject?.id, everywhere?.id]);
    const { revokeRole } = await birch.admin.run(RevokeRoleDocument, { input: { id: inProject?.id ?? '' } });
    expect(revokeRole).toEqual({ revokedId: inProject?.id });
    const { auditLog } = await birch.admin.run(AuditLogDocument, { filter: { targets: ['ROLE_GRANT'] } });
    expect(auditLog.totalCount).toBe(4);
  });

  it.each([
    ['OPERATOR, from an ADMIN', { roles: ['OPERATOR'] }, 'FORBIDDEN', 'input.roles'],
    ['content:read, from an ADMIN', { roles: [], scopes: ['content:read'] }, 'FORBIDDEN', 'input.scopes'],
    ['another scope', { roles: ['MEMBER'], scopes: ['admin'] }, 'BAD_USER_INPUT', 'input.scopes'],
    ['nothing', { roles: [] }, 'BAD_USER_INPUT', 'input.roles'],
    ['to nobody', { roles: ['MEMBER'], subject: '' }, 'BAD_USER_INPUT', 'input.subject'],
  ])('are not given: %s', async (_what, input, code, path) => {
    const refusal = await birch.admin.refused(GrantRoleDocument, { input: { ...user, ...input } as never });
    expect(refusal).toMatchObject({ code, path });
  });

  it('of an OPERATOR are neither replaced nor taken away by an ADMIN', async () => {
    const input = { ...user, subject: 'chief', organizationId: birch.organizationId, roles: ['OPERATOR' as const] };
    const { grantRole } = await operator.run(GrantRoleDocument, { input });
    const lower = { ...input, roles: ['MEMBER' as const] };
    expect(await birch.admin.refused(GrantRoleDocument, { input: lower })).toMatchObject({ code: 'FORBIDDEN' });
    const id = grantRole?.roleGrant.id ?? '';
    expect(await birch.admin.refused(RevokeRoleDocument, { input: { id } })).toMatchObject({ code: 'FORBIDDEN' });
    expect((await operator.run(NodeDocument, { id })).node).toMatchObject({ __typename: 'RoleGrant', id });
  });
});

it('switches count at once, say why, and stay in the list', async () => {
  const set = async (state: 'DRAINING' | 'ENABLED') => {
    const input = { model: 'sim-smart', state, reason: 'It makes things up.' };
    return (await operator.run(SetModelStateDocument, { input })).setModelState;
  };
  expect(await set('DRAINING')).toMatchObject({
    switch: {
      kind: 'MODEL',
      name: 'sim-smart',
      state: 'DRAINING',
      reason: 'It makes things up.',
      changedBy: 'key:admin',
    },
    model: { state: 'DRAINING' },
  });
  await operator.run(SetProviderStateDocument, { input: { provider: 'sim', state: 'DISABLED' } });
  const { models } = await operator.run(ModelsDocument, {});
  expect(new Set(models.map(({ state }) => state))).toEqual(new Set(['DISABLED']));
  await operator.run(SetProviderStateDocument, { input: { provider: 'sim', state: 'ENABLED' } });
  await set('ENABLED');
  const { switches } = await operator.run(SwitchesDocument, {});
  expect(switches.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(['sim ENABLED', 'sim-smart ENABLED']);
  const unknown = [
    await operator.refused(SetModelStateDocument, { input: { model: 'gpt-17', state: 'DISABLED' } }),
    await operator.refused(SetProviderStateDocument, { input: { provider: 'nobody', state: 'DISABLED' } }),
    await operator.refused(SetModelStateDocument, { input: { model: 'sim-fast', state: 'DISABLED', reason: ' ' } }),
  ];
  expect(unknown.map(({ code, path }) => `${code} ${path}`)).toEqual([
    'MODEL_NOT_FOUND input.model',
    'NOT_FOUND input.provider',
    'BAD_USER_INPUT input.reason',
  ]);
});
