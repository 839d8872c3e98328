import { LayeredConfig } from '@certoai/loom-config/layered';

interface Settings {
  readonly model: string;
  readonly maxTokens: number;
}

const settings = new LayeredConfig<Settings>({
  layers: [
    { values: { model: 'small', maxTokens: 1_000 } },
    { actorType: 'writer', values: { model: 'large' } },
    { tenant: 'acme', values: { maxTokens: 5_000 } },
  ],
});

console.log(settings.get({ tenant: 'acme', actorType: 'writer' }));

const stop = settings.subscribe({ tenant: 'acme', actorType: 'writer' }, ({ maxTokens }) => {
  console.log(`acme's writer may use ${maxTokens} tokens now`);
});
settings.set({ tenant: 'acme', actorType: 'writer' }, { maxTokens: 8_000 });
settings.set({ tenant: 'other' }, { maxTokens: 1 }); // acme does not hear of this
stop();
